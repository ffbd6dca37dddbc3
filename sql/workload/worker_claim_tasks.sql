-- group: worker
-- budget_ms: 50
-- index: idx_tasks_queue, pk_tasks
-- params: page_size integer
--
-- The oldest of a priority is the one that has waited longest: since it was due, where it was
-- scheduled, else since it was created.
WITH next_tasks AS MATERIALIZED (
    SELECT t.id
    FROM unfinished_tasks AS t
    WHERE t.status = 'queued'
    ORDER BY t.priority_order, t.due_at, t.id
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)

UPDATE unfinished_tasks AS t
SET
    status = 'processing',
    started_at = clock_timestamp()
FROM next_tasks
WHERE t.id = next_tasks.id
RETURNING
    t.id,
    t.user_id,
    t.provider_model_id,
    t.priority,
    t.request_payload;
