-- What a REINDEX CONCURRENTLY that failed left behind, in what it was to rebuild: INVALID indexes that
-- end in _ccnew (the new one, not complete) or _ccold (the old one, already replaced).
-- https://www.postgresql.org/docs/current/sql-reindex.html#SQL-REINDEX-CONCURRENTLY
SELECT format('%%I.%%I', n.nspname, c.relname) AS index_name
FROM pg_index AS i
INNER JOIN pg_class AS c ON i.indexrelid = c.oid
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
INNER JOIN pg_class AS t ON i.indrelid = t.oid
LEFT JOIN pg_class AS main ON t.oid = main.reltoastrelid
WHERE
    NOT i.indisvalid
    AND c.relkind = 'i'
    AND c.relname ~ '_cc(new|old)\d*$'
    AND CASE upper(%(kind)s)
        WHEN 'TABLE' THEN coalesce(main.oid, t.oid) = to_regclass(%(name)s)
        WHEN 'INDEX' THEN i.indrelid = (
            SELECT given.indrelid
            FROM pg_index AS given
            WHERE given.indexrelid = to_regclass(%(name)s)
        )
        WHEN 'SCHEMA' THEN coalesce(main.relnamespace, t.relnamespace) = to_regnamespace(%(name)s)
        ELSE n.nspname NOT IN ('pg_catalog', 'information_schema')
    END
ORDER BY index_name;
