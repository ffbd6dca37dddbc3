-- group: worker
-- budget_ms: 50
-- index: none
-- params: now timestamptz, page_size integer
SELECT id
FROM tasks
WHERE
    status = 'pending'
    AND scheduled_at <= $1
ORDER BY scheduled_at
LIMIT $2;
