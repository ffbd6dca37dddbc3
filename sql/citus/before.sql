-- What must be so before anything is changed; included by distribute.sql.
DO $$
DECLARE
    problems text[];
    needed bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        RAISE 'This database does not have Citus.'
            USING HINT = 'CREATE EXTENSION citus in a database of this name on every server, then '
            'citus_set_coordinator_host and citus_add_node on the coordinator.';
    END IF;
    IF (SELECT groupid FROM pg_dist_local_group) <> 0 THEN
        RAISE 'This server is a worker.' USING HINT = 'Run the script on the coordinator.';
    END IF;

    SELECT sum(pg_total_relation_size(t.oid))
    INTO needed
    FROM pg_class AS t
    WHERE
        t.relnamespace = 'public'::regnamespace
        AND t.relkind = 'r';

    SELECT array_agg(p.problem)
    INTO problems
    FROM (
        SELECT format('Citus %s: the oldest known to work is 13.0', extversion) AS problem
        FROM pg_extension
        WHERE
            extname = 'citus'
            AND split_part(extversion, '.', 1)::integer < 13
        UNION ALL
        SELECT 'there is no active worker'
        WHERE NOT EXISTS (
            SELECT FROM pg_dist_node
            WHERE isactive AND noderole = 'primary' AND groupid <> 0 AND shouldhaveshards
        )
        UNION ALL
        SELECT format('%s:%s does not reach %s:%s', from_nodename, from_nodeport, to_nodename, to_nodeport)
        FROM citus_check_cluster_node_health()
        WHERE result IS NOT TRUE
        UNION ALL
        SELECT format('table %s is distributed already', logicalrelid)
        FROM pg_dist_partition
        WHERE logicalrelid::oid IN (
            SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace
        )
        UNION ALL
        -- Each server gets its share, all reference tables, and builds each index.
        SELECT format(
            '%s:%s has %s free, and may need %s',
            w.nodename, w.nodeport, pg_size_pretty(w.result::bigint), pg_size_pretty(needed)
        )
        FROM run_command_on_workers(
            'SELECT available_disk_size FROM citus_local_disk_space_stats()'
        ) AS w
        WHERE
            w.success
            AND w.result::bigint < needed
        UNION ALL
        SELECT format('%s:%s lacks the role %s', w.nodename, w.nodeport, r.rolname)
        FROM pg_roles AS r
        CROSS JOIN run_command_on_workers('SELECT json_agg(rolname) FROM pg_roles') AS w
        WHERE
            w.success
            AND NOT w.result::jsonb ? r.rolname
            AND EXISTS (
                SELECT FROM pg_class AS t
                CROSS JOIN LATERAL aclexplode(t.relacl) AS g
                WHERE
                    t.relnamespace = 'public'::regnamespace
                    AND r.oid IN (g.grantee, t.relowner)
            )
    ) AS p;

    IF problems IS NOT NULL THEN
        RAISE 'Nothing was changed: %', array_to_string(problems, '; ');
    END IF;
END
$$;
