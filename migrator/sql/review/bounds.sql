-- The condition that the rows of each partition satisfy, by its name.
SELECT
    CASE n.nspname
        WHEN 'public' THEN quote_ident(c.relname)
        ELSE format('%I.%I', n.nspname, c.relname)
    END AS name,
    pg_get_partition_constraintdef(c.oid) AS condition
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    c.relispartition
    AND c.relkind = 'r'
    AND pg_get_partition_constraintdef(c.oid) IS NOT NULL;
