-- Which server of a Citus cluster this is, and what the cluster has.
SELECT
    e.extversion AS version,
    (SELECT g.groupid = 0 FROM pg_catalog.pg_dist_local_group AS g) AS is_coordinator,
    (
        SELECT format('%s:%s', n.nodename, n.nodeport)
        FROM pg_catalog.pg_dist_node AS n
        WHERE
            n.groupid = 0
            AND n.noderole = 'primary'
    ) AS coordinator,
    (
        SELECT count(*)
        FROM pg_catalog.pg_dist_node AS n
        WHERE
            n.groupid <> 0
            AND n.noderole = 'primary'
            AND n.isactive
    ) AS workers,
    (
        SELECT count(*)
        FROM pg_catalog.pg_dist_partition AS p
        WHERE p.partmethod = 'h'
    ) AS distributed,
    (
        SELECT count(*)
        FROM pg_catalog.pg_dist_partition AS p
        WHERE
            p.partmethod = 'n'
            AND p.repmodel = 't'
    ) AS replicated
FROM pg_catalog.pg_extension AS e
WHERE e.extname = 'citus';
