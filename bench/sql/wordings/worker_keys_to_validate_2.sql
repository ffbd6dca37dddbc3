-- group: worker
-- budget_ms: 50
-- index: none
-- params: last_login_before timestamptz, page_size integer
SELECT *
FROM api_keys
WHERE
    is_active
    AND (last_validated_at IS NULL OR last_validated_at < $1)
ORDER BY last_validated_at
LIMIT $2;
