-- group: worker
-- budget_ms: 50
-- index: idx_tasks_queue
-- params: page_size integer
SELECT id
FROM unfinished_tasks
WHERE status = 'queued'
ORDER BY priority_order, due_at
LIMIT $1
FOR UPDATE SKIP LOCKED;
