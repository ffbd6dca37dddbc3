-- group: worker
-- budget_ms: 50
-- index: idx_tasks_result_expiry
-- params: now timestamptz, page_size integer
SELECT *
FROM tasks
WHERE
    result_payload IS NOT NULL
    AND expires_at < $1
LIMIT $2;
