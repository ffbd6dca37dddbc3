-- Which database this is. Servers that were made from one image have one system identifier, but were not
-- started in one microsecond.
SELECT
    s.system_identifier::text AS system,
    extract(EPOCH FROM pg_postmaster_start_time())::text AS started,
    d.oid::bigint AS oid
FROM pg_database AS d
CROSS JOIN pg_control_system() AS s
WHERE d.datname = current_database();
