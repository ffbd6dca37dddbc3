-- No time is infinite: Python cannot read the infinities, so one row would break every list that it
-- is in. Each column of a date or a time has a CHECK that says isfinite(), alone or with others.
SELECT
    a.attrelid::regclass::text AS table_name,
    a.attname AS column_name
FROM pg_attribute AS a
INNER JOIN pg_class AS r ON a.attrelid = r.oid
INNER JOIN pg_type AS t ON a.atttypid = t.oid
WHERE
    r.relnamespace = 'public'::regnamespace
    AND r.relkind IN ('r', 'p')
    AND a.attnum > 0
    AND CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END IN (
        'timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype
    )
    AND NOT EXISTS (
        SELECT 1
        FROM pg_constraint AS c
        WHERE
            c.conrelid = a.attrelid
            AND c.contype = 'c'
            AND c.conkey @> ARRAY[a.attnum]
            AND pg_get_constraintdef(c.oid) ~ format('\misfinite\(%I\)', a.attname)
    );
