-- group: analytics
-- budget_ms: 1000
-- index: idx_generated_content_public_downloads
-- params: content_type text, page_size integer
SELECT
    gc.id,
    gc.user_id,
    gc.original_filename,
    gc.download_count,
    gc.created_at
FROM generated_content AS gc
WHERE
    gc.is_public
    AND gc.content_type = $1
ORDER BY gc.download_count DESC, gc.id DESC
LIMIT $2;
