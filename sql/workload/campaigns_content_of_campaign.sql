-- group: campaigns
-- budget_ms: 200
-- index: idx_tasks_campaign_newest, idx_generated_content_user_task_size
-- params: user_id bigint, campaign_id uuid, before timestamptz, before_task_id uuid, page_size integer
--
-- Newest task first. The first page comes before ('infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff').
SELECT
    gc.id,
    gc.task_id,
    gc.content_type,
    gc.file_url,
    gc.thumbnail_url,
    t.created_at
FROM tasks AS t
INNER JOIN generated_content AS gc ON t.user_id = gc.user_id AND t.id = gc.task_id
WHERE
    t.user_id = $1
    AND t.campaign_id = $2
    AND (t.created_at, t.id) < ($3, $4)
ORDER BY t.created_at DESC, t.id DESC
LIMIT $5;
