-- group: worker
-- budget_ms: 50
-- index: idx_tasks_queue
-- params: now timestamptz, page_size integer
SELECT id
FROM unfinished_tasks
WHERE
    status IN ('pending', 'queued')
    AND due_at <= $1
ORDER BY due_at
LIMIT $2;
