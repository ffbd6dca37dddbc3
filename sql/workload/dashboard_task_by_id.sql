-- group: dashboard
-- budget_ms: 50
-- index: uq_tasks_user_id_id
-- params: user_id bigint, task_id uuid
SELECT
    t.id,
    t.status,
    t.priority,
    t.request_payload,
    t.result_payload,
    t.error_code,
    t.error_message,
    t.credit_cost,
    t.created_at,
    t.started_at,
    t.completed_at
FROM tasks AS t
WHERE
    t.id = $2
    AND t.user_id = $1;
