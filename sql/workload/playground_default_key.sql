-- group: playground
-- budget_ms: 100
-- index: uq_api_keys_default
-- params: user_id bigint, provider_id integer
SELECT
    k.id,
    k.encrypted_key,
    k.usage_limits,
    k.validation_status,
    k.expires_at
FROM api_keys AS k
WHERE
    k.user_id = $1
    AND k.provider_id = $2
    AND k.is_default;
