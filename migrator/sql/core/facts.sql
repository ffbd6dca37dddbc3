-- What the server says of itself that decides whether a command may go on. Tables are looked up by name:
-- a query of the catalogue costs a new session more than all of this.
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
    CASE
        WHEN history.may_use THEN to_regclass('yoyo._yoyo_migration') IS NOT NULL ELSE TRUE
    END AS has_history,
    CASE
        WHEN history.may_use
            THEN
                to_regclass('yoyo.migration_checksum') IS NOT NULL
                AND to_regclass('yoyo.seed_checksum') IS NOT NULL
                AND to_regclass('yoyo.intent') IS NOT NULL
        ELSE TRUE
    END AS has_checksums,
    CASE
        WHEN history.may_use THEN to_regclass('yoyo.migration_text') IS NOT NULL ELSE TRUE
    END AS has_texts,
    CASE
        WHEN history.may_use THEN to_regclass('yoyo.batch_progress') IS NOT NULL ELSE TRUE
    END AS has_batches,
    history.may_use AND NOT EXISTS (
        SELECT FROM (
            VALUES
            ('_yoyo_migration'), ('_yoyo_log'), ('_yoyo_version'), ('yoyo_lock'),
            ('migration_checksum'), ('migration_text'), ('seed_checksum'), ('intent'),
            ('batch_progress')
        ) AS t (name)
        WHERE
            NOT CASE
                WHEN history.may_use
                    THEN
                        has_table_privilege(to_regclass('yoyo.' || t.name)::oid, 'INSERT')
                        AND has_table_privilege(to_regclass('yoyo.' || t.name)::oid, 'UPDATE')
                        AND has_table_privilege(to_regclass('yoyo.' || t.name)::oid, 'DELETE')
            END
    ) AS may_write_history
FROM (
    -- to_regclass() fails for a role that may not use the schema: it is told when the history is read.
    SELECT coalesce(has_schema_privilege(to_regnamespace('yoyo')::oid, 'USAGE'), TRUE) AS may_use
) AS history;
