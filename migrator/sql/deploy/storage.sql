-- What shows afterwards whether a table is still the same one with the same columns, not rewritten.
SELECT
    c.oid::text AS table_id,
    c.relfilenode::bigint AS file_node,
    (
        SELECT jsonb_object_agg(a.attname, a.attnum)
        FROM pg_attribute AS a
        WHERE
            a.attrelid = c.oid
            AND a.attnum > 0
            AND NOT a.attisdropped
    ) AS columns
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    c.relkind = 'r'
    AND c.relpersistence <> 't'
    AND n.nspname NOT LIKE 'pg\_%'
    AND n.nspname NOT IN ('information_schema', 'yoyo');
