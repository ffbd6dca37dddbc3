-- What the server says of itself that decides whether a command may go on.
SELECT
    current_setting('server_version_num')::integer AS server_version,
    current_setting('server_encoding') AS encoding,
    current_setting('search_path') AS search_path,
    current_database() AS database_name,
    pg_backend_pid() AS backend_pid,
    pg_is_in_recovery() AS is_standby,
    current_setting('transaction_read_only')::boolean AS is_read_only,
    history.tables @> '{_yoyo_migration}' AS has_history,
    history.tables @> '{migration_checksum}' AS has_checksums
FROM (
    -- Not to_regclass(): it fails for a role that may not use the schema.
    SELECT coalesce(array_agg(t.tablename::text), '{}') AS tables
    FROM pg_tables AS t
    WHERE t.schemaname = 'yoyo'
) AS history;
