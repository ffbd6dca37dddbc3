-- Pins, on a connection of the tool's own, what is set for a role, a database or a client and would
-- change what it reads, or end it. Nothing is set on a session that a pooler lends: others get that
-- next. A setting that this version of PostgreSQL does not have is left out.
-- row_security: rows that a policy hides are an error, and never just missing.
-- client_connection_check_interval and tcp_*: as in settings.sql.
SELECT
    pg_backend_pid() AS pid,
    count(set_config(pinned.name, pinned.value, FALSE)) AS changed
FROM (
    VALUES
    ('search_path', 'public'),
    ('datestyle', 'ISO, YMD'),
    ('intervalstyle', 'postgres'),
    ('timezone', 'UTC'),
    ('bytea_output', 'hex'),
    ('extra_float_digits', '1'),
    ('lc_monetary', 'C'),
    ('xmlbinary', 'base64'),
    ('quote_all_identifiers', 'off'),
    ('standard_conforming_strings', 'on'),
    ('row_security', 'off'),
    ('session_replication_role', 'origin'),
    ('default_transaction_isolation', 'read committed'),
    ('default_transaction_deferrable', 'off'),
    ('statement_timeout', '0'),
    ('lock_timeout', '0'),
    ('transaction_timeout', '0'),
    ('idle_in_transaction_session_timeout', '0'),
    ('idle_session_timeout', '0'),
    ('client_connection_check_interval', '500ms'),
    ('tcp_keepalives_idle', '30'),
    ('tcp_keepalives_interval', '10'),
    ('tcp_keepalives_count', '3'),
    ('tcp_user_timeout', '60s')
) AS pinned (name, value)
WHERE
    pg_backend_pid() = %(pid)s
    AND current_setting(pinned.name, TRUE) <> pinned.value;
