-- group: worker
-- budget_ms: 50
-- index: idx_tasks_queue, idx_tasks_user_unfinished
-- params: now timestamptz
UPDATE unfinished_tasks
SET
    status = 'expired',
    completed_at = clock_timestamp()
WHERE expires_at < $1
RETURNING id;
