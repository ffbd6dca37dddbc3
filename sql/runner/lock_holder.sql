-- Who holds the runner's advisory lock in this database.
SELECT
    a.pid,
    a.usename AS user_name,
    CASE
        WHEN a.backend_start IS NULL THEN '(not visible to this role)'
        ELSE coalesce(a.client_addr::text, 'local socket')
    END AS client,
    coalesce(date_trunc('second', a.backend_start)::text, '(not visible to this role)') AS since,
    coalesce(nullif(left(a.query, 200), ''), '(not visible to this role)') AS query
FROM pg_locks AS l
INNER JOIN pg_stat_activity AS a ON l.pid = a.pid
INNER JOIN pg_database AS d ON l.database = d.oid
WHERE
    l.locktype = 'advisory'
    AND l.granted
    AND d.datname = current_database()
    AND (l.classid::bigint << 32) + l.objid::bigint = %(key)s;
