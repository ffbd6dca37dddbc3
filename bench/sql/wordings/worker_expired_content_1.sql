-- group: worker
-- budget_ms: 50
-- index: idx_generated_content_expiry
-- params: now timestamptz, page_size integer
SELECT *
FROM generated_content
WHERE expires_at < $1
LIMIT $2;
