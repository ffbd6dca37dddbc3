-- group: playground
-- budget_ms: 100
-- index: idx_generated_content_user_newest
-- params: user_id bigint, tag text, before timestamptz, before_id uuid, page_size integer
--
-- Goes through the user's contents, newest first, until the page is full. An index on tags was
-- measured and dropped: it makes inserts dearer, and this query no faster.
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
    AND gc.tags ? $2
    AND (gc.created_at, gc.id) < ($3, $4)
ORDER BY gc.created_at DESC, gc.id DESC
LIMIT $5;
