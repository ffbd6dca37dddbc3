-- Whether other sessions wait for locks of this one.
WITH waiting AS (
    SELECT DISTINCT l.pid
    FROM pg_locks AS l
    WHERE NOT l.granted
)

SELECT count(*) > 0 AS is_waited_for
FROM waiting AS w
WHERE pg_backend_pid() = any(pg_blocking_pids(w.pid));
