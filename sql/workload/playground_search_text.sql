-- group: playground
-- budget_ms: 100
-- index: idx_generated_content_user_text
-- params: user_id bigint, words text, before timestamptz, before_id uuid, page_size integer
--
-- The index holds each row's words beside its owner (words are lower-case, the owner is not), so
-- that a word that everyone uses costs no more than the user's own rows. Both sides put spaces for
-- the characters that join words, as the index does; quotes and OR mean what they do on the web.
-- MATERIALIZED, and the owner by number only outside: the planner believes that words cost nothing to
-- find in a text, and would read the user's texts one by one.
-- The first page comes before ('infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff').
WITH found AS MATERIALIZED (
    SELECT
        gc.id,
        gc.user_id,
        gc.task_id,
        gc.content_text,
        gc.created_at
    FROM generated_content AS gc
    WHERE
        gc.content_type = 'text'
        AND (
            to_tsvector(
                'pg_catalog.portuguese',
                regexp_replace(left(gc.content_text, 100000), '[-@_/]+', ' ', 'g')
            ) || array_to_tsvector(ARRAY['USER' || gc.user_id::text])
        ) @@ (
            websearch_to_tsquery('pg_catalog.portuguese', regexp_replace($2, '[-@_/]+', ' ', 'g'))
            && ('USER' || $1::text)::tsquery
        )
)

SELECT
    f.id,
    f.task_id,
    f.created_at,
    left(f.content_text, 200) AS opening
FROM found AS f
WHERE
    f.user_id = $1
    AND (f.created_at, f.id) < ($3, $4)
ORDER BY f.created_at DESC, f.id DESC
LIMIT $5;
