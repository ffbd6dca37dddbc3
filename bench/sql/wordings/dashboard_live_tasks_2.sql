-- group: dashboard
-- budget_ms: 50
-- index: idx_tasks_user_unfinished
-- params: user_id bigint
SELECT
    status,
    count(*)
FROM unfinished_tasks
WHERE
    user_id = $1
    AND status NOT IN ('completed', 'failed', 'cancelled', 'expired')
GROUP BY status;
