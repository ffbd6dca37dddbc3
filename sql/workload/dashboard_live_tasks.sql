-- group: dashboard
-- budget_ms: 50
-- index: idx_tasks_user_unfinished
-- params: user_id bigint, page_size integer
SELECT
    t.id,
    t.task_type_id,
    t.status,
    t.priority,
    t.created_at,
    t.started_at
FROM unfinished_tasks AS t
WHERE
    t.user_id = $1
    AND t.status IN ('pending', 'queued', 'processing', 'retrying')
ORDER BY t.created_at DESC, t.id DESC
LIMIT $2;
