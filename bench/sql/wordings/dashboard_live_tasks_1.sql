-- group: dashboard
-- budget_ms: 50
-- index: idx_tasks_user_unfinished
-- params: user_id bigint
SELECT *
FROM unfinished_tasks
WHERE user_id = $1
ORDER BY created_at DESC;
