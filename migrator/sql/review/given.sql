-- Each column, by number since names change; and whether every INSERT has to give it: NOT NULL,
-- and no value of its own.
SELECT
    a.attrelid AS table_oid,
    a.attnum,
    CASE n.nspname
        WHEN 'public' THEN format('%I.%I', c.relname, a.attname)
        ELSE format('%I.%I.%I', n.nspname, c.relname, a.attname)
    END AS name,
    a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS must_be_given
FROM pg_attribute AS a
INNER JOIN pg_class AS c ON a.attrelid = c.oid
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    a.attnum > 0
    AND NOT a.attisdropped
    AND c.relkind IN ('r', 'p')
    AND n.nspname NOT LIKE 'pg\_%'
    AND n.nspname <> 'information_schema'
ORDER BY a.attrelid, a.attnum;
