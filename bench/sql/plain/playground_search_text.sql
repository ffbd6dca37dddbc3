-- group: playground
-- budget_ms: 100
-- index: none
-- params: user_id bigint, words text, before timestamptz, before_id uuid, page_size integer
--
-- The same question, as the plain design answers it best.
SELECT
    gc.id,
    gc.task_id,
    gc.created_at,
    left(gc.content_text, 200) AS opening
FROM generated_content AS gc
WHERE
    gc.user_id = $1
    AND gc.content_type = 'text'
    AND to_tsvector('portuguese', gc.content_text) @@ websearch_to_tsquery('portuguese', $2)
    AND (gc.created_at, gc.id) < ($3, $4)
ORDER BY gc.created_at DESC, gc.id DESC
LIMIT $5;
