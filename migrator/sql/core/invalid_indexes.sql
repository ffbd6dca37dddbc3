-- Indexes that a failed CREATE INDEX CONCURRENTLY or REINDEX CONCURRENTLY left behind.
SELECT
    format('%I.%I', n.nspname, c.relname) AS index_name,
    i.indrelid::regclass AS table_name
FROM pg_index AS i
INNER JOIN pg_class AS c ON i.indexrelid = c.oid
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    c.relkind = 'i'
    AND NOT (i.indisvalid AND i.indisready)
    AND n.nspname NOT LIKE 'pg\_%'
ORDER BY index_name;
