-- What the server says of itself that decides whether a command may go on.
SELECT
    current_setting('server_version_num')::integer AS server_version,
    current_setting('server_encoding') AS encoding,
    current_database() AS database_name,
    current_user AS role_name,
    pg_backend_pid() AS backend_pid,
    pg_is_in_recovery() AS is_standby,
    current_setting('transaction_read_only')::boolean AS is_read_only,
    has_database_privilege(current_database(), 'CREATE') AS may_create_schema,
    EXISTS (
        SELECT FROM pg_tables AS t
        WHERE t.schemaname = 'yoyo' AND t.tablename = '_yoyo_migration'
    ) AS has_history,
    EXISTS (
        SELECT FROM pg_tables AS t
        WHERE t.schemaname = 'yoyo' AND t.tablename = 'migration_checksum'
    ) AS has_checksums;
