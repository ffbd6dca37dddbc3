-- group: playground
-- budget_ms: 100
-- index: uq_api_keys_user_id_key_hash
-- params: user_id bigint, key_hash text
SELECT
    k.id,
    k.provider_id,
    k.key_name,
    k.is_active,
    k.validation_status
FROM api_keys AS k
WHERE
    k.user_id = $1
    AND k.key_hash = $2;
