-- group: worker
-- budget_ms: 50
-- index: idx_generated_content_expiry
-- params: now timestamptz, page_size integer
SELECT
    gc.id,
    gc.user_id,
    gc.storage_provider,
    gc.storage_path,
    gc.expires_at
FROM generated_content AS gc
WHERE gc.expires_at <= $1
ORDER BY gc.expires_at, gc.id
LIMIT $2;
