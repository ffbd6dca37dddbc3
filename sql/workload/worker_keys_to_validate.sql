-- group: worker
-- budget_ms: 50
-- index: idx_api_keys_active_least_validated
-- params: page_size integer
SELECT
    k.id,
    k.user_id,
    k.provider_id,
    k.encrypted_key,
    k.last_validated_at
FROM api_keys AS k
WHERE k.is_active
ORDER BY k.last_validated_at NULLS FIRST, k.id
LIMIT $1;
