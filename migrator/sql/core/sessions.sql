-- Sessions, told so that an operator finds them; what this role may not see is said to be so.
SELECT
    a.pid,
    coalesce(a.usename, a.backend_type, '(not visible to this role)') AS user_name,
    CASE
        WHEN a.backend_start IS NULL THEN '(not visible to this role)'
        ELSE coalesce(a.client_addr::text, 'local socket')
    END AS client,
    coalesce(date_trunc('second', a.backend_start)::text, '(not visible to this role)') AS since,
    coalesce(
        a.state || ', in a transaction since ' || date_trunc('second', a.xact_start)::text,
        a.state,
        '(not visible to this role)'
    ) AS state,
    coalesce(nullif(left(a.query, 200), ''), '(not visible to this role)') AS query
FROM pg_stat_activity AS a
WHERE a.pid = any(%(pids)s)
ORDER BY a.pid;
