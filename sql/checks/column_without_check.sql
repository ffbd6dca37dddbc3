-- text and jsonb accept anything of any size: each such column has a CHECK that says what it may
-- hold, or refers to what has one.
SELECT
    a.attrelid::regclass::text AS table_name,
    a.attname AS column_name
FROM pg_attribute AS a
INNER JOIN pg_class AS r ON a.attrelid = r.oid
WHERE
    r.relnamespace = 'public'::regnamespace
    AND r.relkind IN ('r', 'p')
    AND a.attnum > 0
    AND a.atttypid IN ('text'::regtype, 'jsonb'::regtype)
    AND NOT EXISTS (
        SELECT 1
        FROM pg_constraint AS c
        WHERE
            c.conrelid = a.attrelid
            AND c.contype IN ('c', 'f')
            AND c.conkey @> ARRAY[a.attnum]
    );
