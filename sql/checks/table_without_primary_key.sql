-- Every table has a primary key: without one a row cannot be told from its double, and logical
-- replication refuses its updates and deletes.
SELECT r.oid::regclass::text AS table_name
FROM pg_class AS r
WHERE
    r.relnamespace = 'public'::regnamespace
    AND r.relkind IN ('r', 'p')
    AND NOT EXISTS (
        SELECT 1
        FROM pg_index AS i
        WHERE
            i.indrelid = r.oid
            AND i.indisprimary
    );
