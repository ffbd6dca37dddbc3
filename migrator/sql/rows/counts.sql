-- How many rows each relation has, as the planner knows it: nothing is read but the catalogue.
-- A table that was never analysed is left out, unless it is empty: nobody knows.
SELECT
    CASE n.nspname
        WHEN 'public' THEN quote_ident(c.relname)
        ELSE format('%I.%I', n.nspname, c.relname)
    END AS relation,
    CASE c.relkind
        WHEN 'p' THEN coalesce(p.row_count, 0)
        ELSE greatest(c.reltuples, 0)
    END::bigint AS row_count,
    c.relkind <> 'p' AND c.reltuples < 0 AND pg_relation_size(c.oid) > 0 AS is_unknown
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
LEFT JOIN LATERAL (
    SELECT sum(greatest(l.reltuples, 0)) AS row_count
    FROM pg_partition_tree(c.oid) AS t
    INNER JOIN pg_class AS l ON t.relid = l.oid
    WHERE t.isleaf
) AS p ON c.relkind = 'p'
WHERE
    c.relkind IN ('r', 'p', 'm')
    AND n.nspname NOT LIKE 'pg\_%'
    AND n.nspname NOT IN ('information_schema', 'yoyo')
ORDER BY n.nspname <> 'public', relation;
