-- Sessions whose transaction a migration's lock, or CREATE INDEX CONCURRENTLY, would wait for; 0 is a
-- prepared transaction, which has no session.
SELECT a.pid
FROM pg_stat_activity AS a
WHERE
    a.datname = current_database()
    AND a.pid <> pg_backend_pid()
    AND (
        (a.backend_type = 'client backend' AND a.xact_start < now() - %(longest)s * interval '1 ms')
        OR a.query LIKE 'autovacuum: %%(to prevent wraparound)'
    )
UNION ALL
SELECT DISTINCT 0 AS pid
FROM pg_prepared_xacts AS p
WHERE
    p.database = current_database()
    AND p.prepared < now() - %(longest)s * interval '1 ms';
