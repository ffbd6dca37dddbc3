-- Whom a session waits for; asked of the lock manager, which is not free, only if it waits at all.
-- 0 stands for a prepared transaction, which has no session.
SELECT DISTINCT unnest(pg_blocking_pids(a.pid)) AS pid
FROM pg_stat_activity AS a
WHERE
    a.pid = %(pid)s
    AND a.wait_event_type = 'Lock';
