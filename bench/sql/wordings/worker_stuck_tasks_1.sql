-- group: worker
-- budget_ms: 50
-- index: idx_tasks_queue, idx_tasks_user_unfinished
-- params: started_before timestamptz, page_size integer
SELECT *
FROM unfinished_tasks
WHERE
    status = 'processing'
    AND started_at < $1
ORDER BY started_at
LIMIT $2;
