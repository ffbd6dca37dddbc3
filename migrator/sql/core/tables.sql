-- The tables of a database with their columns, without those of the server and of extensions; and
-- what the catalogue calls each of them.
SELECT
    n.nspname AS schema_name,
    c.relname AS table_name,
    CASE n.nspname WHEN 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END
    || quote_ident(c.relname) AS title,
    array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attnum IS NOT NULL) AS columns
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
LEFT JOIN pg_attribute AS a ON c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped
WHERE
    c.relkind IN ('r', 'p', 'f', 'm')
    AND NOT c.relispartition
    AND n.nspname NOT LIKE 'pg\_%'
    AND n.nspname <> 'information_schema'
    AND NOT EXISTS (
        SELECT
        FROM pg_depend AS d
        WHERE
            d.classid = 'pg_class'::regclass
            AND d.objid = c.oid
            AND d.deptype = 'e'
    )
GROUP BY n.nspname, c.relname
ORDER BY schema_name, table_name;
