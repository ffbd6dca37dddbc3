-- The options of columns, as pg_dump would write them. PostgreSQL 15.20 keeps one of its own with
-- them, and where that is, its pg_dump leaves out the others too.
SELECT
    format('%s; Type: TABLE; Schema: %s', c.relname, n.nspname) AS entry_name,
    format(
        'ALTER TABLE ONLY %I.%I ALTER COLUMN %I SET (%s);', n.nspname, c.relname, a.attname,
        string_agg(o.option, ', ' ORDER BY o.place)
    ) AS statement
FROM pg_attribute AS a
INNER JOIN pg_class AS c ON a.attrelid = c.oid
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
CROSS JOIN LATERAL unnest(a.attoptions) WITH ORDINALITY AS o (option, place)
WHERE
    c.relkind IN ('r', 'p')
    AND n.nspname !~ '^pg_'
    AND a.attnum > 0
    AND o.option NOT LIKE 'pg\_attver=%'
GROUP BY n.nspname, c.relname, a.attname, a.attnum
ORDER BY n.nspname, c.relname, a.attnum;
