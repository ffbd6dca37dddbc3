-- Tables, with what they store out of line, and indexes: their sizes, and whether they are valid.
SELECT
    CASE WHEN c.relkind = 'i' THEN 'index ' ELSE 'table ' END || c.oid::regclass AS name,
    pg_table_size(c.oid) AS bytes,
    coalesce(i.indisvalid, TRUE) AS valid
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
LEFT JOIN pg_index AS i ON c.oid = i.indexrelid
WHERE
    c.relkind IN ('r', 'm', 'i')
    AND n.nspname NOT LIKE 'pg\_%'
    AND n.nspname NOT IN ('information_schema', 'yoyo')
ORDER BY name;
