-- group: worker
-- budget_ms: 50
-- index: none
-- params: page_size integer
SELECT id
FROM tasks
WHERE status = 'queued'
ORDER BY priority, created_at
LIMIT $1
FOR UPDATE SKIP LOCKED;
