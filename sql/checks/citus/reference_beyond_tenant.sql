-- A reference stays on one server: to a table that all servers have (one without user_id), or from
-- user_id and a column to user_id and a column. Nothing empties or changes user_id with the row that
-- is referred to, and Citus has no SET NULL of a part of the columns. After sql/citus/keys.sql.
WITH tables AS (
    SELECT
        r.oid AS table_id,
        t.attnum AS tenant
    FROM pg_class AS r
    LEFT JOIN pg_attribute AS t ON r.oid = t.attrelid AND t.attname = 'user_id'
    WHERE
        r.relnamespace = 'public'::regnamespace
        AND r.relkind IN ('r', 'p')
)

SELECT
    c.conrelid::regclass::text AS referencing_table,
    c.conname AS reference
FROM pg_constraint AS c
INNER JOIN tables AS f ON c.conrelid = f.table_id
INNER JOIN tables AS p ON c.confrelid = p.table_id
WHERE
    c.contype = 'f'
    AND (
        (
            p.tenant IS NOT NULL
            AND coalesce(array_position(c.conkey, f.tenant), 0)
            IS DISTINCT FROM array_position(c.confkey, p.tenant)
        )
        OR (
            f.tenant = any(c.conkey)
            AND (c.confdeltype IN ('n', 'd') OR c.confupdtype IN ('n', 'd', 'c'))
        )
    );
