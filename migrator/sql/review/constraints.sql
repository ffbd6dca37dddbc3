-- Constraints of tables, and whether their rows are known to satisfy them.
SELECT
    k.oid,
    k.conname AS name,
    k.conrelid AS table_oid,
    k.convalidated AS is_validated
FROM pg_constraint AS k
INNER JOIN pg_namespace AS n ON k.connamespace = n.oid
WHERE
    k.conrelid <> 0
    AND k.contype IN ('c', 'f', 'n')
    AND n.nspname NOT LIKE 'pg\_%'
    AND n.nspname <> 'information_schema';
