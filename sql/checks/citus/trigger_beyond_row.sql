-- A trigger of a tenant's table changes its own row and reads no table: it runs beside the rows of one
-- server. A table that all servers have (one without user_id) has none, because each server would run
-- it, with another outcome. After sql/citus/keys.sql.
SELECT
    r.oid::regclass::text AS table_name,
    g.tgname AS trigger_name
FROM pg_trigger AS g
INNER JOIN pg_class AS r ON g.tgrelid = r.oid
INNER JOIN pg_proc AS f ON g.tgfoid = f.oid
WHERE
    r.relnamespace = 'public'::regnamespace
    AND r.relkind IN ('r', 'p')
    AND NOT g.tgisinternal
    AND (
        NOT EXISTS (
            SELECT FROM pg_attribute AS t
            WHERE
                t.attrelid = r.oid
                AND t.attname = 'user_id'
        )
        OR EXISTS (
            SELECT FROM pg_class AS named
            WHERE
                named.relnamespace = 'public'::regnamespace
                AND named.relkind IN ('r', 'p', 'v', 'm')
                AND f.prosrc ~ format('\m%s\M', named.relname)
        )
    );
