-- group: analytics
-- budget_ms: 1000
-- index: idx_tasks_failures
-- params: now timestamptz
SELECT
    t.error_code,
    count(*) AS failures,
    count(DISTINCT t.user_id) AS affected_users,
    max(t.completed_at) AS last_failed_at
FROM tasks AS t
WHERE
    t.status = 'failed'
    AND t.error_message IS NOT NULL
    AND t.completed_at >= $1 - interval '7 days'
GROUP BY t.error_code
ORDER BY failures DESC, t.error_code ASC;
