-- Who is connected to a database.
SELECT a.pid
FROM pg_stat_activity AS a
WHERE
    a.datname = %(database)s
    AND coalesce(a.backend_type, '') <> 'autovacuum worker';
