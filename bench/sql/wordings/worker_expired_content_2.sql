-- group: worker
-- budget_ms: 50
-- index: idx_generated_content_expiry
-- params: now timestamptz
SELECT count(*)
FROM generated_content
WHERE
    expires_at IS NOT NULL
    AND expires_at <= $1;
