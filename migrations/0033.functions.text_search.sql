-- purpose: the search in a user's own texts, which keeps its index under row security
-- locks: none
-- reversible: yes
--
-- It does what the query of the same name in sql/workload/ does, as the owner of the table. Under a
-- policy, PostgreSQL uses an index only by operators that cannot tell of hidden rows, and the text
-- search's is none of them. See docs/roles.md.

CREATE FUNCTION playground_search_text(
    user_id bigint, words text, before timestamptz, before_id uuid, page_size integer
) RETURNS TABLE (
    id valid_uuid,
    task_id valid_uuid,
    created_at timestamptz,
    opening text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- The owner sees every row, so the function checks by itself what the table's policy would.
    IF
        $1 IS DISTINCT FROM nullif(current_setting('app.user_id', TRUE), '')::bigint
        AND (
            SELECT c.relrowsecurity
            FROM pg_class AS c
            WHERE c.oid = 'public.generated_content'::regclass
        )
    THEN
        RETURN;
    END IF;

    RETURN QUERY
    WITH found AS MATERIALIZED (
        SELECT
            gc.id,
            gc.user_id,
            gc.task_id,
            gc.content_text,
            gc.created_at
        FROM public.generated_content AS gc
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
END
$$;
COMMENT ON FUNCTION playground_search_text(bigint, text, timestamptz, uuid, integer) IS
'A user''s own texts that match words, as a search engine takes them; newest first. Where row '
'security is on, it finds nothing for anybody but the session''s user, app.user_id.';
REVOKE EXECUTE ON FUNCTION playground_search_text(bigint, text, timestamptz, uuid, integer)
FROM PUBLIC;
