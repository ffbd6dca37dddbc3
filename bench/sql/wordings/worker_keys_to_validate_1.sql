-- group: worker
-- budget_ms: 50
-- index: idx_api_keys_active_least_validated
-- params: page_size integer
SELECT *
FROM api_keys
WHERE is_active
ORDER BY last_validated_at ASC NULLS FIRST
LIMIT $1;
