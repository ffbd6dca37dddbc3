-- What is unique in a table of a tenant is so within the tenant: the key contains user_id. Citus keeps
-- rows of two tenants on two servers, and does not look for a double on the other. After
-- sql/citus/keys.sql.
SELECT
    i.indrelid::regclass::text AS table_name,
    i.indexrelid::regclass::text AS unique_index
FROM pg_index AS i
INNER JOIN pg_class AS r ON i.indrelid = r.oid
INNER JOIN pg_attribute AS t ON r.oid = t.attrelid AND t.attname = 'user_id'
WHERE
    r.relnamespace = 'public'::regnamespace
    AND r.relkind IN ('r', 'p')
    AND (i.indisunique OR i.indisexclusion)
    AND NOT t.attnum = any((i.indkey::smallint[])[0:i.indnkeyatts - 1]);
