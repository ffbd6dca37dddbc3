-- How many rows tables with their partitions have, by the statistics, and how many were ever deleted.
WITH named AS (
    SELECT t.name::regclass AS relid
    FROM unnest(%(tables)s::text[]) AS t (name) -- noqa: references.qualification
),

every AS (
    SELECT named.relid FROM named
    UNION
    SELECT p.relid
    FROM named
    CROSS JOIN pg_partition_tree(named.relid) AS p
)

SELECT
    coalesce(sum(greatest(c.reltuples, 0)) FILTER (WHERE c.relkind = 'r'), 0)::bigint AS estimated,
    coalesce(sum(pg_stat_get_tuples_deleted(c.oid)), 0)::bigint AS deleted
FROM pg_class AS c
INNER JOIN every ON c.oid = every.relid;
