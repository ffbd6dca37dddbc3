-- The columns of every table that holds rows of its own, without those that follow from others.
-- What an extension fills itself is left out: no dump holds it.
SELECT
    CASE n.nspname
        WHEN 'public' THEN quote_ident(c.relname)
        ELSE format('%I.%I', n.nspname, c.relname)
    END AS table_name,
    quote_ident(a.attname) AS column_name
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
LEFT JOIN pg_attribute AS a
    ON
        c.oid = a.attrelid
        AND a.attnum > 0
        AND NOT a.attisdropped
        AND a.attgenerated = ''
WHERE
    c.relkind = 'r'
    AND n.nspname NOT LIKE 'pg\_%'
    AND n.nspname <> 'information_schema'
    AND NOT EXISTS (
        SELECT FROM pg_depend AS d
        WHERE
            d.classid = 'pg_class'::regclass
            AND d.objid = c.oid
            AND d.deptype = 'e'
    )
ORDER BY table_name, a.attnum;
