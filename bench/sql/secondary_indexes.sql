-- Indexes that back no constraint and keep no rule, with what their comments say they serve.
SELECT
    x.relname AS index_name,
    t.relname AS table_name,
    pg_relation_size(x.oid) AS bytes,
    coalesce(obj_description(x.oid, 'pg_class'), '') AS comment
FROM pg_index AS i
INNER JOIN pg_class AS x ON i.indexrelid = x.oid
INNER JOIN pg_class AS t ON i.indrelid = t.oid
WHERE
    x.relnamespace = 'public'::regnamespace
    AND NOT i.indisunique
ORDER BY x.relname;
