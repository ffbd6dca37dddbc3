-- group: playground
-- budget_ms: 100
-- index: idx_generated_content_user_tags
-- params: user_id bigint, tag text, before timestamptz, before_id uuid, page_size integer
--
-- The index holds each row's tags beside its owner (tags are strings, the owner is a number), so
-- that a tag that everyone uses costs no more than the user's own rows.
-- The first page comes before ('infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff').
SELECT
    gc.id,
    gc.task_id,
    gc.content_type,
    gc.file_url,
    gc.thumbnail_url,
    gc.is_favorite,
    gc.created_at
FROM generated_content AS gc
WHERE
    gc.user_id = $1
    AND (gc.tags || gc.user_id::text::jsonb) @> jsonb_build_array($2, $1)
    AND (gc.created_at, gc.id) < ($3, $4)
ORDER BY gc.created_at DESC, gc.id DESC
LIMIT $5;
