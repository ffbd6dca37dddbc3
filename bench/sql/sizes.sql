-- Bytes of each main table with its TOAST, of the indexes that back its constraints, of the others.
WITH sized AS (
    SELECT
        i.indrelid,
        pg_relation_size(i.indexrelid) AS bytes,
        i.indexrelid IN (SELECT c.conindid FROM pg_constraint AS c) AS is_key
    FROM pg_index AS i
)

SELECT
    t.relname AS table_name,
    pg_table_size(t.oid) AS table_bytes,
    coalesce(sum(s.bytes) FILTER (WHERE s.is_key), 0)::bigint AS key_bytes,
    coalesce(sum(s.bytes) FILTER (WHERE NOT s.is_key), 0)::bigint AS secondary_bytes
FROM pg_class AS t
INNER JOIN sized AS s ON t.oid = s.indrelid
WHERE t.relname IN ('users', 'campaigns', 'agents', 'tasks', 'api_keys', 'generated_content')
GROUP BY t.oid, t.relname
ORDER BY table_bytes DESC;
