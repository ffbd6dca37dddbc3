-- group: worker
-- budget_ms: 50
-- index: none
-- params: started_before timestamptz, page_size integer
SELECT id
FROM tasks
WHERE
    status = 'processing'
    AND started_at < $1
ORDER BY started_at
LIMIT $2;
