-- group: worker
-- budget_ms: 50
-- index: idx_tasks_result_expiry
-- params: now timestamptz, page_size integer
SELECT
    t.id,
    t.user_id,
    t.expires_at
FROM tasks AS t
WHERE
    t.result_payload IS NOT NULL
    AND t.expires_at <= $1
ORDER BY t.expires_at, t.id
LIMIT $2;
