-- group: playground
-- budget_ms: 100
-- index: idx_tasks_type_user_newest, uq_generated_content_task_id
-- params: user_id bigint, task_type_id integer, before timestamptz, before_id uuid, page_size integer
--
-- The first page comes before ('infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff').
SELECT
    t.id,
    t.status,
    t.request_payload,
    t.credit_cost,
    t.created_at,
    gc.id AS content_id,
    gc.content_type,
    gc.content_text,
    gc.file_url,
    gc.thumbnail_url
FROM tasks AS t
LEFT JOIN generated_content AS gc ON t.user_id = gc.user_id AND t.id = gc.task_id
WHERE
    t.user_id = $1
    AND t.task_type_id = $2
    AND (t.created_at, t.id) < ($3, $4)
ORDER BY t.created_at DESC, t.id DESC
LIMIT $5;
