-- group: playground
-- budget_ms: 100
-- index: idx_generated_content_user_text
-- params: user_id bigint, words text, page integer
--
-- The index holds each row's words beside its owner (words are lower-case, the owner is not), so
-- that a word that everyone uses costs no more than the user's own rows. Both sides put spaces for
-- the characters that join words, as the index does; quotes and OR mean what they do on the web.
SELECT
    gc.id,
    gc.task_id,
    gc.created_at,
    left(gc.content_text, 200) AS opening
FROM generated_content AS gc
WHERE
    gc.user_id = $1
    AND gc.content_type = 'text'
    AND (
        to_tsvector(
            'pg_catalog.portuguese',
            regexp_replace(left(gc.content_text, 100000), '[-@_/]+', ' ', 'g')
        ) || array_to_tsvector(ARRAY['USER' || gc.user_id::text])
    ) @@ (
        websearch_to_tsquery('pg_catalog.portuguese', regexp_replace($2, '[-@_/]+', ' ', 'g'))
        && ('USER' || $1::text)::tsquery
    )
ORDER BY gc.created_at DESC, gc.id DESC
LIMIT $3;
