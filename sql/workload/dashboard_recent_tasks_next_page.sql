-- group: dashboard
-- budget_ms: 50
-- index: idx_tasks_user_newest
-- params: user_id bigint, before timestamptz, before_id uuid
SELECT
    t.id,
    t.task_type_id,
    t.status,
    t.priority,
    t.credit_cost,
    t.created_at,
    t.completed_at
FROM tasks AS t
WHERE
    t.user_id = $1
    AND (t.created_at, t.id) < ($2, $3)
ORDER BY t.created_at DESC, t.id DESC
LIMIT 20;
