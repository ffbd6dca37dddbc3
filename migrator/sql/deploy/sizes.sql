-- Tables, with what they store out of line, and indexes, with their sizes, and what is invalid.
SELECT
    c.oid::regclass::text AS name,
    c.relkind = 'i' AS is_index,
    pg_table_size(c.oid) AS bytes,
    coalesce(i.indisvalid, TRUE) AS is_valid
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
LEFT JOIN pg_index AS i ON c.oid = i.indexrelid
WHERE
    c.relkind IN ('r', 'm', 'i')
    AND n.nspname NOT LIKE 'pg\_%'
    AND n.nspname NOT IN ('information_schema', 'yoyo')
ORDER BY name;
