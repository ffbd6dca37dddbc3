-- group: worker
-- budget_ms: 50
-- index: none
-- params: now timestamptz, page_size integer
SELECT id
FROM tasks
WHERE
    status = 'completed'
    AND expires_at < $1
ORDER BY expires_at
LIMIT $2;
