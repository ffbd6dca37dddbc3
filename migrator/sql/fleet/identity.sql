-- Which database this is. Servers that were made from one image have one system identifier, but are not
-- started in one microsecond.
SELECT
    s.system_identifier::text || ' ' || extract(EPOCH FROM pg_postmaster_start_time()) AS server,
    d.oid::bigint AS oid
FROM pg_database AS d
CROSS JOIN pg_control_system() AS s
WHERE d.datname = current_database();
