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
    to_regclass('yoyo._yoyo_migration') IS NOT NULL AS has_history,
    to_regclass('yoyo.migration_checksum') IS NOT NULL AS has_checksums;
