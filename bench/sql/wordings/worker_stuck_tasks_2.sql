-- group: worker
-- budget_ms: 50
-- index: idx_tasks_queue, idx_tasks_user_unfinished
-- params: started_before timestamptz
UPDATE unfinished_tasks
SET
    status = 'queued',
    started_at = NULL,
    retry_count = retry_count + 1
WHERE
    status = 'processing'
    AND started_at < $1
    AND retry_count < 5
RETURNING id;
