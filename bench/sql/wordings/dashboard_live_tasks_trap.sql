-- group: dashboard
-- budget_ms: 50
-- index: none
-- params: user_id bigint
SELECT *
FROM tasks
WHERE
    user_id = $1
    AND status IN ('pending', 'queued', 'processing', 'retrying')
ORDER BY created_at DESC;
