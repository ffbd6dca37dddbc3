-- group: admin
-- budget_ms: 200
-- index: idx_generated_content_public_newest
-- params: before timestamptz, before_id uuid, page_size integer
--
-- The first page comes before ('infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff').
SELECT
    gc.id,
    gc.user_id,
    gc.content_type,
    gc.thumbnail_url,
    gc.download_count,
    gc.created_at
FROM generated_content AS gc
WHERE
    gc.is_public
    AND (gc.created_at, gc.id) < ($1, $2)
ORDER BY gc.created_at DESC, gc.id DESC
LIMIT $3;
