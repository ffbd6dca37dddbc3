-- purpose: the marketplace and the public gallery: what users show to all others
-- locks: none
-- reversible: yes
--
-- They do what the queries of the same names in sql/workload/ do, as the owner of the tables: where
-- row security is on, the application sees a user's own rows alone. See docs/roles.md.

CREATE FUNCTION agents_marketplace_by_category(
    category_id integer, before_rate numeric, before_id uuid, page_size integer
) RETURNS TABLE (
    id valid_uuid,
    name text,
    description text,
    tags jsonb,
    version semantic_version,
    success_rate numeric,
    execution_count integer,
    published_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        a.id,
        a.name,
        a.description,
        a.tags,
        a.version,
        a.success_rate,
        a.execution_count,
        a.published_at
    FROM public.agents AS a
    WHERE
        a.is_public
        AND a.category_id = $1
        AND (coalesce(a.success_rate, -1), a.id) < ($2, $3)
    ORDER BY coalesce(a.success_rate, -1) DESC, a.id DESC
    LIMIT $4;
END
$$;
COMMENT ON FUNCTION agents_marketplace_by_category(integer, numeric, uuid, integer) IS
'Published agents of a category, best first.';
REVOKE EXECUTE ON FUNCTION agents_marketplace_by_category(integer, numeric, uuid, integer)
FROM PUBLIC;

CREATE FUNCTION agents_marketplace_by_type(
    type_id integer, before_rate numeric, before_id uuid, page_size integer
) RETURNS TABLE (
    id valid_uuid,
    name text,
    description text,
    tags jsonb,
    version semantic_version,
    success_rate numeric,
    execution_count integer,
    published_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        a.id,
        a.name,
        a.description,
        a.tags,
        a.version,
        a.success_rate,
        a.execution_count,
        a.published_at
    FROM public.agents AS a
    WHERE
        a.is_public
        AND a.type_id = $1
        AND (coalesce(a.success_rate, -1), a.id) < ($2, $3)
    ORDER BY coalesce(a.success_rate, -1) DESC, a.id DESC
    LIMIT $4;
END
$$;
COMMENT ON FUNCTION agents_marketplace_by_type(integer, numeric, uuid, integer) IS
'Published agents of a type, best first.';
REVOKE EXECUTE ON FUNCTION agents_marketplace_by_type(integer, numeric, uuid, integer) FROM PUBLIC;

CREATE FUNCTION agents_marketplace_most_executed(
    before_count integer, before_id uuid, page_size integer
) RETURNS TABLE (
    id valid_uuid,
    name text,
    description text,
    tags jsonb,
    version semantic_version,
    success_rate numeric,
    execution_count integer,
    published_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        a.id,
        a.name,
        a.description,
        a.tags,
        a.version,
        a.success_rate,
        a.execution_count,
        a.published_at
    FROM public.agents AS a
    WHERE
        a.is_public
        AND (a.execution_count, a.id) < ($1, $2)
    ORDER BY a.execution_count DESC, a.id DESC
    LIMIT $3;
END
$$;
COMMENT ON FUNCTION agents_marketplace_most_executed(integer, uuid, integer) IS
'Published agents, most executed first.';
REVOKE EXECUTE ON FUNCTION agents_marketplace_most_executed(integer, uuid, integer) FROM PUBLIC;

CREATE FUNCTION agents_marketplace_newest(
    before timestamptz, before_id uuid, page_size integer
) RETURNS TABLE (
    id valid_uuid,
    name text,
    description text,
    tags jsonb,
    version semantic_version,
    success_rate numeric,
    execution_count integer,
    published_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        a.id,
        a.name,
        a.description,
        a.tags,
        a.version,
        a.success_rate,
        a.execution_count,
        a.published_at
    FROM public.agents AS a
    WHERE
        a.is_public
        AND (a.published_at, a.id) < ($1, $2)
    ORDER BY a.published_at DESC, a.id DESC
    LIMIT $3;
END
$$;
COMMENT ON FUNCTION agents_marketplace_newest(timestamptz, uuid, integer) IS
'Published agents, newest first.';
REVOKE EXECUTE ON FUNCTION agents_marketplace_newest(timestamptz, uuid, integer) FROM PUBLIC;

CREATE FUNCTION agents_search_by_name(
    pattern text, after_name text, after_id uuid, page_size integer
) RETURNS TABLE (
    id valid_uuid,
    name text,
    description text,
    tags jsonb,
    version semantic_version,
    success_rate numeric,
    execution_count integer,
    published_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        a.id,
        a.name,
        a.description,
        a.tags,
        a.version,
        a.success_rate,
        a.execution_count,
        a.published_at
    FROM public.agents AS a
    WHERE
        a.is_public
        AND a.name ILIKE $1
        AND (a.name, a.id) > ($2, $3)
    ORDER BY a.name, a.id
    LIMIT $4;
END
$$;
COMMENT ON FUNCTION agents_search_by_name(text, text, uuid, integer) IS
'Published agents whose names match a pattern of ILIKE.';
REVOKE EXECUTE ON FUNCTION agents_search_by_name(text, text, uuid, integer) FROM PUBLIC;

CREATE FUNCTION agents_by_tag(
    tag text, before_rate numeric, before_id uuid, page_size integer
) RETURNS TABLE (
    id valid_uuid,
    name text,
    description text,
    tags jsonb,
    version semantic_version,
    success_rate numeric,
    execution_count integer,
    published_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        a.id,
        a.name,
        a.description,
        a.tags,
        a.version,
        a.success_rate,
        a.execution_count,
        a.published_at
    FROM public.agents AS a
    WHERE
        a.is_public
        AND a.tags ? $1
        AND (coalesce(a.success_rate, -1), a.id) < ($2, $3)
    ORDER BY coalesce(a.success_rate, -1) DESC, a.id DESC
    LIMIT $4;
END
$$;
COMMENT ON FUNCTION agents_by_tag(text, numeric, uuid, integer) IS
'Published agents with a tag, best first.';
REVOKE EXECUTE ON FUNCTION agents_by_tag(text, numeric, uuid, integer) FROM PUBLIC;

CREATE FUNCTION admin_public_gallery(
    before timestamptz, before_id uuid, page_size integer
) RETURNS TABLE (
    id valid_uuid,
    user_id bigint,
    content_type text,
    thumbnail_url valid_url,
    download_count integer,
    created_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        gc.id,
        gc.user_id,
        gc.content_type,
        gc.thumbnail_url,
        gc.download_count,
        gc.created_at
    FROM public.generated_content AS gc
    WHERE
        gc.is_public
        AND (gc.created_at, gc.id) < ($1, $2)
    ORDER BY gc.created_at DESC, gc.id DESC
    LIMIT $3;
END
$$;
COMMENT ON FUNCTION admin_public_gallery(timestamptz, uuid, integer) IS
'Public contents, newest first.';
REVOKE EXECUTE ON FUNCTION admin_public_gallery(timestamptz, uuid, integer) FROM PUBLIC;
