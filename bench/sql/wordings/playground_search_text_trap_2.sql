-- group: playground
-- budget_ms: 100
-- index: none
-- params: user_id bigint, words text, page_size integer
SELECT
    id,
    content_text
FROM generated_content
WHERE
    user_id = $1
    AND content_text ILIKE format('%%%s%%', $2)
ORDER BY created_at DESC
LIMIT $3;
