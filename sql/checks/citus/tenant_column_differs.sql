-- user_id is of one type, and never NULL: rows of one tenant lie on one server, whatever their table.
-- A number that the server draws for a row of a tenant is a bigint: each server has its own range.
SELECT
    a.attrelid::regclass::text AS table_name,
    a.attname AS column_name
FROM pg_attribute AS a
INNER JOIN pg_class AS r ON a.attrelid = r.oid
INNER JOIN pg_attribute AS t ON r.oid = t.attrelid AND t.attname = 'user_id'
WHERE
    r.relnamespace = 'public'::regnamespace
    AND r.relkind IN ('r', 'p')
    AND (
        (a.attname = 'user_id' AND NOT (a.attnotnull AND a.atttypid = 'bigint'::regtype))
        OR (a.attidentity <> '' AND a.atttypid <> 'bigint'::regtype)
    );
