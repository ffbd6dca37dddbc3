-- group: worker
-- budget_ms: 50
-- index: none
-- params: expires_before timestamptz, page_size integer
SELECT *
FROM api_keys
WHERE expires_at < $1
ORDER BY expires_at
LIMIT $2;
