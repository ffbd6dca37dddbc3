-- group: worker
-- budget_ms: 50
-- index: idx_api_keys_active_expiry
-- params: now timestamptz, expires_before timestamptz
SELECT *
FROM api_keys
WHERE
    is_active = TRUE
    AND expires_at BETWEEN $1 AND $2
ORDER BY expires_at;
