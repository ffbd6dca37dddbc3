-- group: worker
-- budget_ms: 50
-- index: idx_tasks_queue
-- params: page_size integer
UPDATE unfinished_tasks
SET
    status = 'processing',
    started_at = clock_timestamp()
WHERE id IN (
    SELECT id
    FROM unfinished_tasks
    WHERE status = 'queued'
    ORDER BY priority_order, created_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
RETURNING *;
