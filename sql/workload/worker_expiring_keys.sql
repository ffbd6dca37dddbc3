-- group: worker
-- budget_ms: 50
-- index: idx_api_keys_active_expiry
-- params: expires_before timestamptz, page_size integer
SELECT
    k.id,
    k.user_id,
    k.provider_id,
    k.key_name,
    k.expires_at
FROM api_keys AS k
WHERE
    k.is_active
    AND k.expires_at < $1
ORDER BY k.expires_at, k.id
LIMIT $2;
