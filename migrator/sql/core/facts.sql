-- What the server says of itself that decides whether a command may go on.
SELECT
    current_setting('server_version_num')::integer AS server_version,
    current_setting('server_encoding') AS encoding,
    current_setting('search_path') AS search_path,
    current_database() AS database,
    pg_backend_pid() AS pid,
    pg_is_in_recovery() AS is_standby,
    current_setting('session_replication_role') = 'replica' AS is_replica_role,
    current_setting('transaction_read_only')::boolean AS is_read_only,
    to_regclass('pg_catalog.pg_dist_node') IS NOT NULL AS has_citus,
    history.tables @> '{_yoyo_migration}' AS has_history,
    history.tables @> '{migration_checksum,seed_checksum,intent}' AS has_checksums,
    history.tables @> '{migration_text}' AS has_texts,
    history.tables @> '{batch_progress}' AS has_batches,
    history.may_write AS may_write_history
FROM (
    -- Not to_regclass(): it fails for a role that may not use the schema.
    SELECT
        coalesce(array_agg(c.relname::text), '{}') AS tables,
        coalesce(
            bool_and(
                has_table_privilege(c.oid, 'INSERT')
                AND has_table_privilege(c.oid, 'UPDATE')
                AND has_table_privilege(c.oid, 'DELETE')
            ),
            TRUE
        ) AS may_write
    FROM pg_class AS c
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    WHERE
        n.nspname = 'yoyo'
        AND c.relkind = 'r'
) AS history;
