-- group: worker
-- budget_ms: 50
-- index: idx_tasks_scheduled
-- params: now timestamptz, page_size integer
SELECT *
FROM unfinished_tasks
WHERE
    status = 'pending'
    AND scheduled_at <= $1
LIMIT $2;
