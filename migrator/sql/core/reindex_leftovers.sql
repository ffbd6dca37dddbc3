-- What a REINDEX CONCURRENTLY that failed left behind, in what it was to rebuild: INVALID indexes that
-- end in _ccnew (the new one, not complete) or _ccold (the old one, already replaced).
-- https://www.postgresql.org/docs/current/sql-reindex.html#SQL-REINDEX-CONCURRENTLY
SELECT format('%%I.%%I', n.nspname, c.relname) AS index_name
FROM pg_index AS i
INNER JOIN pg_class AS c ON i.indexrelid = c.oid
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
INNER JOIN pg_class AS t ON i.indrelid = t.oid
LEFT JOIN pg_class AS owner ON t.oid = owner.reltoastrelid
WHERE
    NOT i.indisvalid
    AND c.relkind = 'i'
    AND c.relname ~ '_cc(new|old)\d*$'
    AND CASE upper(%(kind)s)
        WHEN 'DATABASE' THEN TRUE
        WHEN 'SCHEMA' THEN coalesce(owner.relnamespace, t.relnamespace) = to_regnamespace(%(name)s)
        WHEN 'TABLE' THEN coalesce(owner.oid, t.oid) = to_regclass(%(name)s)
        WHEN 'INDEX' THEN EXISTS (
            SELECT FROM pg_index AS given
            WHERE
                given.indexrelid = to_regclass(%(name)s)
                AND given.indrelid = i.indrelid
        )
    END
ORDER BY index_name;
