-- Materialized views that have rows, and can be read before those that are made later.
SELECT c.oid::regclass::text AS name
FROM pg_class AS c
WHERE
    c.relkind = 'm'
    AND c.relispopulated
    AND c.oid >= 16384
ORDER BY c.oid;
