-- group: worker
-- budget_ms: 50
-- index: idx_tasks_scheduled
-- params: now timestamptz, page_size integer
SELECT
    t.id,
    t.user_id,
    t.scheduled_at
FROM unfinished_tasks AS t
WHERE
    t.status = 'pending'
    AND t.scheduled_at <= $1
ORDER BY t.scheduled_at, t.id
LIMIT $2;
