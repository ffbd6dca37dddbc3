-- What decides, before anything is begun, whether a deploy can be made, and how it would be undone.
SELECT
    current_setting('server_version_num')::integer / 10000 AS major,
    quote_ident(r.rolname) AS role,
    quote_ident(current_database()) AS database,
    pg_database_size(current_database()) AS database_bytes,
    coalesce(
        has_schema_privilege(to_regnamespace('yoyo')::oid, 'CREATE'),
        has_database_privilege(current_database(), 'CREATE')
    ) AS may_create_history,
    coalesce(
        has_schema_privilege(to_regnamespace('public')::oid, 'CREATE'), TRUE
    ) AS may_create_in_public,
    (
        SELECT count(*)
        FROM pg_stat_activity AS a
        WHERE
            a.datname = current_database()
            AND a.query = '<insufficient privilege>'
    ) AS hidden_sessions,
    (
        SELECT count(*)
        FROM pg_prepared_xacts AS p
        WHERE p.database = current_database()
    ) AS prepared_transactions,
    (
        SELECT coalesce(array_agg(s.slot_name::text), '{}')
        FROM pg_replication_slots AS s
        WHERE s.database = current_database()
    ) || (
        SELECT coalesce(array_agg(s.subname::text), '{}')
        FROM pg_subscription AS s
        INNER JOIN pg_database AS d ON s.subdbid = d.oid
        WHERE d.datname = current_database()
    ) AS logical_replication,
    (
        -- Trusted extensions can be created by whoever may create in the database.
        SELECT coalesce(array_agg(e.extname::text ORDER BY e.extname), '{}')
        FROM pg_extension AS e
        WHERE
            e.extname <> 'plpgsql'
            AND NOT r.rolsuper
            AND NOT EXISTS (
                SELECT FROM pg_available_extension_versions AS v
                WHERE v.name = e.extname AND v.version = e.extversion AND v.trusted
            )
    ) AS superusers_extensions,
    (
        SELECT coalesce(array_agg('event trigger ' || e.evtname), '{}')
        FROM pg_event_trigger AS e
        WHERE NOT r.rolsuper
    ) || (
        SELECT coalesce(array_agg('publication ' || p.pubname), '{}')
        FROM pg_publication AS p
        WHERE
            p.puballtables
            AND NOT r.rolsuper
    ) AS superusers_objects,
    (
        SELECT count(*)
        FROM pg_class AS c
        WHERE
            c.relkind IN ('r', 'p', 'f')
            AND c.relpersistence <> 't'
            AND c.oid >= 16384
    ) AS tables,
    current_setting('max_locks_per_transaction')::bigint
    * (
        current_setting('max_connections')::bigint
        + current_setting('max_prepared_transactions')::bigint
    ) AS lock_room,
    (
        SELECT
            least(
                current_setting('max_connections')::bigint
                - current_setting('superuser_reserved_connections')::bigint - count(*),
                CASE
                    WHEN r.rolconnlimit >= 0 AND NOT r.rolsuper
                        THEN r.rolconnlimit - count(*) FILTER (WHERE a.usename = r.rolname)
                END,
                CASE
                    WHEN d.datconnlimit >= 0 AND NOT r.rolsuper
                        THEN d.datconnlimit - count(*) FILTER (WHERE a.datname = d.datname)
                END
            ) + 1
        FROM pg_database AS d
        LEFT JOIN pg_stat_activity AS a
            ON coalesce(a.backend_type, 'client backend') = 'client backend'
        WHERE d.datname = current_database()
        GROUP BY d.datconnlimit, d.datname
    ) AS connections_left
FROM pg_roles AS r
WHERE r.rolname = current_user;
