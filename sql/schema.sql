-- What all migrations add up to. Written by `schema` from a migrated database, checked by
-- `verify`; never edited. Objects of extensions and the history's schema are left out.
-- The same on PostgreSQL 15 to 18. psql runs it on an empty database.
SET check_function_bodies = FALSE;
SELECT pg_catalog.set_config('search_path', '', FALSE);

-- Name: semantic_version; Type: DOMAIN; Schema: public
CREATE DOMAIN public.semantic_version AS text
	CONSTRAINT ck_semantic_version_form CHECK (
CASE
    WHEN (char_length(VALUE) > 255) THEN true
    ELSE (VALUE ~ '^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$'::text)
END)
	CONSTRAINT ck_semantic_version_length CHECK ((char_length(VALUE) <= 255));

-- Name: DOMAIN semantic_version; Type: COMMENT; Schema: public
COMMENT ON DOMAIN public.semantic_version IS 'A version as Semantic Versioning 2.0.0 has it: 1.4.0, 2.0.0-rc.1, 1.0.0+build.5. It sorts as text, not by precedence.';

-- Name: CONSTRAINT ck_semantic_version_form ON DOMAIN semantic_version; Type: COMMENT; Schema: public
COMMENT ON CONSTRAINT ck_semantic_version_form ON DOMAIN public.semantic_version IS 'Three numbers; pre-release parts after a hyphen, build parts after a plus. No number has a leading zero, but in the build part.';

-- Name: sha256_hash; Type: DOMAIN; Schema: public
CREATE DOMAIN public.sha256_hash AS text
	CONSTRAINT ck_sha256_hash_form CHECK (
CASE
    WHEN (char_length(VALUE) <> 64) THEN false
    ELSE (VALUE ~ '^[0-9a-f]+$'::text)
END);

-- Name: DOMAIN sha256_hash; Type: COMMENT; Schema: public
COMMENT ON DOMAIN public.sha256_hash IS 'A SHA-256 digest as 64 lower-case hexadecimal digits, so that equal digests are equal texts.';

-- Name: valid_email; Type: DOMAIN; Schema: public
CREATE DOMAIN public.valid_email AS text
	CONSTRAINT ck_valid_email_form CHECK (
CASE
    WHEN (char_length(VALUE) > 254) THEN true
    ELSE ((VALUE ~ '^[a-z0-9!#$%&''*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&''*+/=?^_`{|}~-]+)*@([a-z0-9]+(-+[a-z0-9]+)*\.)+([a-z]{2,}|xn--[a-z0-9]+(-+[a-z0-9]+)*)$'::text) AND (split_part(VALUE, '@'::text, 2) !~ '[^.]{64}'::text))
END)
	CONSTRAINT ck_valid_email_length CHECK ((char_length(VALUE) <= 254))
	CONSTRAINT ck_valid_email_local_part_length CHECK ((POSITION(('@'::text) IN (VALUE)) <= 65));

-- Name: DOMAIN valid_email; Type: COMMENT; Schema: public
COMMENT ON DOMAIN public.valid_email IS 'One e-mail address in ASCII: maria.silva+news@mail.example.com. In lower case, so that it is one account however it was typed; no quoted local part, no address literal.';

-- Name: CONSTRAINT ck_valid_email_form ON DOMAIN valid_email; Type: COMMENT; Schema: public
COMMENT ON CONSTRAINT ck_valid_email_form ON DOMAIN public.valid_email IS 'RFC 5322 atoms joined by dots; a host of at least two labels of 1 to 63 letters, digits and inner hyphens, the last one of two letters or more, or an internationalised one: xn--p1ai.';

-- Name: CONSTRAINT ck_valid_email_length ON DOMAIN valid_email; Type: COMMENT; Schema: public
COMMENT ON CONSTRAINT ck_valid_email_length ON DOMAIN public.valid_email IS 'What fits into the path of an SMTP envelope.';

-- Name: CONSTRAINT ck_valid_email_local_part_length ON DOMAIN valid_email; Type: COMMENT; Schema: public
COMMENT ON CONSTRAINT ck_valid_email_local_part_length ON DOMAIN public.valid_email IS 'At most 64 characters before the @.';

-- Name: is_ipv4(text); Type: FUNCTION; Schema: public
CREATE FUNCTION public.is_ipv4(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (char_length(value) > 15) THEN false ELSE ((value || '.'::text) ~ '^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){4}$'::text) END;

-- Name: FUNCTION is_ipv4(value text); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.is_ipv4(value text) IS 'Whether a host is four decimal numbers from 0 to 255; a leading zero, which some read as octal, is refused.';

-- Name: is_ipv6(text); Type: FUNCTION; Schema: public
CREATE FUNCTION public.is_ipv6(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT CASE WHEN (char_length(a.address) > 45) THEN false ELSE ((a.address ~ '^([0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}$'::text) OR ((a.address ~ '^([0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4})*)?::([0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4})*)?$'::text) AND (a.address !~ '([0-9A-Fa-f]+:+){7}[0-9A-Fa-f]'::text))) END AS "case" FROM (SELECT CASE WHEN public.is_ipv4(split_part(is_ipv6.value, ':'::text, '-1'::integer)) THEN regexp_replace(is_ipv6.value, '[^:]+$'::text, '0:0'::text) ELSE is_ipv6.value END AS address) a);

-- Name: FUNCTION is_ipv6(value text); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.is_ipv6(value text) IS 'Whether an address is eight groups of hexadecimal digits, or fewer with one "::" for the rest; the last two groups may be an IPv4 address. No brackets, no zone.';

-- Name: is_host(text); Type: FUNCTION; Schema: public
CREATE FUNCTION public.is_host(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN ((char_length(value) > 253) OR (value ~ '[^.]{64}'::text)) THEN false WHEN (value ~~ '[%]'::text) THEN public.is_ipv6(substr(value, 2, (char_length(value) - 2))) WHEN (value ~ '^[0-9.]*$'::text) THEN public.is_ipv4(value) ELSE (value ~ '^([A-Za-z0-9]+(-+[A-Za-z0-9]+)*\.)*[A-Za-z][A-Za-z0-9]*(-+[A-Za-z0-9]+)*\.?$'::text) END;

-- Name: FUNCTION is_host(value text); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.is_host(value text) IS 'Whether a URL''s host is a name (labels of 1 to 63 ASCII letters, digits and inner hyphens, the last one with a letter first, so that no number passes for one), an IPv4 address or an IPv6 address in brackets.';

-- Name: valid_url; Type: DOMAIN; Schema: public
CREATE DOMAIN public.valid_url AS text
	CONSTRAINT ck_valid_url_form CHECK (
CASE
    WHEN (char_length(VALUE) > 2048) THEN true
    ELSE (VALUE ~ '^[Hh][Tt][Tt][Pp][Ss]?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?([/?#][^\u0001-\u0020\u005c\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*)?$'::text)
END)
	CONSTRAINT ck_valid_url_host CHECK (
CASE
    WHEN (char_length(VALUE) > 2048) THEN true
    ELSE public.is_host("substring"(VALUE, '//([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?:[:/?#]|$)'::text))
END)
	CONSTRAINT ck_valid_url_length CHECK ((char_length(VALUE) <= 2048))
	CONSTRAINT ck_valid_url_port CHECK (
CASE
    WHEN (char_length(VALUE) > 2048) THEN true
    ELSE ("substring"(VALUE, '//(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):([0-9]+)(?:[/?#]|$)'::text) ~ '^([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$'::text)
END);

-- Name: DOMAIN valid_url; Type: COMMENT; Schema: public
COMMENT ON DOMAIN public.valid_url IS 'An absolute http or https URL: https://cdn.example.com:8443/a.png?v=2. No user information, which would store a password or hide the real host; no back-slash, white space or control character, which browsers and servers read differently.';

-- Name: CONSTRAINT ck_valid_url_form ON DOMAIN valid_url; Type: COMMENT; Schema: public
COMMENT ON CONSTRAINT ck_valid_url_form ON DOMAIN public.valid_url IS 'Scheme, host, optional port, and nothing but a path, query or fragment after them.';

-- Name: CONSTRAINT ck_valid_url_host ON DOMAIN valid_url; Type: COMMENT; Schema: public
COMMENT ON CONSTRAINT ck_valid_url_host ON DOMAIN public.valid_url IS 'A name, an IPv4 address or a bracketed IPv6 address: is_host().';

-- Name: CONSTRAINT ck_valid_url_length ON DOMAIN valid_url; Type: COMMENT; Schema: public
COMMENT ON CONSTRAINT ck_valid_url_length ON DOMAIN public.valid_url IS 'What browsers, proxies and site maps agree on.';

-- Name: CONSTRAINT ck_valid_url_port ON DOMAIN valid_url; Type: COMMENT; Schema: public
COMMENT ON CONSTRAINT ck_valid_url_port ON DOMAIN public.valid_url IS 'If there is a port, it is from 1 to 65535, without leading zeros.';

-- Name: valid_uuid; Type: DOMAIN; Schema: public
CREATE DOMAIN public.valid_uuid AS uuid
	CONSTRAINT ck_valid_uuid_not_nil CHECK ((VALUE <> '00000000-0000-0000-0000-000000000000'::uuid));

-- Name: DOMAIN valid_uuid; Type: COMMENT; Schema: public
COMMENT ON DOMAIN public.valid_uuid IS 'Any UUID but the nil one, which a client sends when it forgot to set its own. Of any version: new_id() gives the default, a client may bring another.';

-- Name: admin_public_gallery(timestamp with time zone, uuid, integer); Type: FUNCTION; Schema: public
CREATE FUNCTION public.admin_public_gallery(before timestamp with time zone, before_id uuid, page_size integer) RETURNS TABLE(id public.valid_uuid, user_id bigint, content_type text, thumbnail_url public.valid_url, download_count integer, created_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

-- Name: FUNCTION admin_public_gallery(before timestamp with time zone, before_id uuid, page_size integer); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.admin_public_gallery(before timestamp with time zone, before_id uuid, page_size integer) IS 'Public contents, newest first.';

-- Name: agents_by_tag(text, numeric, uuid, integer); Type: FUNCTION; Schema: public
CREATE FUNCTION public.agents_by_tag(tag text, before_rate numeric, before_id uuid, page_size integer) RETURNS TABLE(id public.valid_uuid, name text, description text, tags jsonb, version public.semantic_version, success_rate numeric, execution_count integer, published_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

-- Name: FUNCTION agents_by_tag(tag text, before_rate numeric, before_id uuid, page_size integer); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.agents_by_tag(tag text, before_rate numeric, before_id uuid, page_size integer) IS 'Published agents with a tag, best first.';

-- Name: agents_marketplace_by_category(integer, numeric, uuid, integer); Type: FUNCTION; Schema: public
CREATE FUNCTION public.agents_marketplace_by_category(category_id integer, before_rate numeric, before_id uuid, page_size integer) RETURNS TABLE(id public.valid_uuid, name text, description text, tags jsonb, version public.semantic_version, success_rate numeric, execution_count integer, published_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

-- Name: FUNCTION agents_marketplace_by_category(category_id integer, before_rate numeric, before_id uuid, page_size integer); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.agents_marketplace_by_category(category_id integer, before_rate numeric, before_id uuid, page_size integer) IS 'Published agents of a category, best first.';

-- Name: agents_marketplace_by_type(integer, numeric, uuid, integer); Type: FUNCTION; Schema: public
CREATE FUNCTION public.agents_marketplace_by_type(type_id integer, before_rate numeric, before_id uuid, page_size integer) RETURNS TABLE(id public.valid_uuid, name text, description text, tags jsonb, version public.semantic_version, success_rate numeric, execution_count integer, published_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

-- Name: FUNCTION agents_marketplace_by_type(type_id integer, before_rate numeric, before_id uuid, page_size integer); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.agents_marketplace_by_type(type_id integer, before_rate numeric, before_id uuid, page_size integer) IS 'Published agents of a type, best first.';

-- Name: agents_marketplace_most_executed(integer, uuid, integer); Type: FUNCTION; Schema: public
CREATE FUNCTION public.agents_marketplace_most_executed(before_count integer, before_id uuid, page_size integer) RETURNS TABLE(id public.valid_uuid, name text, description text, tags jsonb, version public.semantic_version, success_rate numeric, execution_count integer, published_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

-- Name: FUNCTION agents_marketplace_most_executed(before_count integer, before_id uuid, page_size integer); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.agents_marketplace_most_executed(before_count integer, before_id uuid, page_size integer) IS 'Published agents, most executed first.';

-- Name: agents_marketplace_newest(timestamp with time zone, uuid, integer); Type: FUNCTION; Schema: public
CREATE FUNCTION public.agents_marketplace_newest(before timestamp with time zone, before_id uuid, page_size integer) RETURNS TABLE(id public.valid_uuid, name text, description text, tags jsonb, version public.semantic_version, success_rate numeric, execution_count integer, published_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

-- Name: FUNCTION agents_marketplace_newest(before timestamp with time zone, before_id uuid, page_size integer); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.agents_marketplace_newest(before timestamp with time zone, before_id uuid, page_size integer) IS 'Published agents, newest first.';

-- Name: agents_search_by_name(text, text, uuid, integer); Type: FUNCTION; Schema: public
CREATE FUNCTION public.agents_search_by_name(pattern text, after_name text, after_id uuid, page_size integer) RETURNS TABLE(id public.valid_uuid, name text, description text, tags jsonb, version public.semantic_version, success_rate numeric, execution_count integer, published_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

-- Name: FUNCTION agents_search_by_name(pattern text, after_name text, after_id uuid, page_size integer); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.agents_search_by_name(pattern text, after_name text, after_id uuid, page_size integer) IS 'Published agents whose names match a pattern of ILIKE.';

-- Name: dashboard_login_by_email(text); Type: FUNCTION; Schema: public
CREATE FUNCTION public.dashboard_login_by_email(email text) RETURNS TABLE(id bigint, password_hash text, is_active boolean, is_admin boolean, email_verified_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
BEGIN
    RETURN QUERY
    SELECT
        u.id,
        u.password_hash,
        u.is_active,
        u.is_admin,
        u.email_verified_at
    FROM public.users AS u
    WHERE u.email = lower($1);
END
$_$;

-- Name: FUNCTION dashboard_login_by_email(email text); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.dashboard_login_by_email(email text) IS 'The user with an address, and the hash to compare the password with. It finds one user, and only who is named in full.';

-- Name: dashboard_login_by_google_id(text); Type: FUNCTION; Schema: public
CREATE FUNCTION public.dashboard_login_by_google_id(google_id text) RETURNS TABLE(id bigint, email public.valid_email, is_active boolean, is_admin boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
BEGIN
    RETURN QUERY
    SELECT
        u.id,
        u.email,
        u.is_active,
        u.is_admin
    FROM public.users AS u
    WHERE u.google_id = $1;
END
$_$;

-- Name: FUNCTION dashboard_login_by_google_id(google_id text); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.dashboard_login_by_google_id(google_id text) IS 'The user whom Google knows by an identifier.';

-- Name: has_distinct_elements(jsonb); Type: FUNCTION; Schema: public
CREATE FUNCTION public.has_distinct_elements(value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT (count(*) = count(DISTINCT e.element)) FROM jsonb_array_elements(CASE jsonb_typeof(has_distinct_elements.value) WHEN 'array'::text THEN has_distinct_elements.value ELSE '[]'::jsonb END) e(element));

-- Name: FUNCTION has_distinct_elements(value jsonb); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.has_distinct_elements(value jsonb) IS 'Whether no element of an array is there twice; true of what is not an array, and of NULL.';

-- Name: is_array_of_strings(jsonb); Type: FUNCTION; Schema: public
CREATE FUNCTION public.is_array_of_strings(value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((jsonb_typeof(value) = 'array'::text) AND (NOT jsonb_path_exists(value, 'strict $[*]?(@.type() != "string")'::jsonpath)));

-- Name: FUNCTION is_array_of_strings(value jsonb); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.is_array_of_strings(value jsonb) IS 'Whether a document is an array, empty or not, of strings alone. The path is strict: a lax one looks into nested arrays, and finds only strings in [["a"]].';

-- Name: is_slug(text); Type: FUNCTION; Schema: public
CREATE FUNCTION public.is_slug(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (char_length(value) > 50) THEN false ELSE (value ~ '^[a-z][a-z0-9]*(_[a-z0-9]+)*$'::text) END;

-- Name: FUNCTION is_slug(value text); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.is_slug(value text) IS 'Whether a name is in snake_case: 1 to 50 lower-case ASCII letters, digits and single inner underscores, a letter first.';

-- Name: new_id(); Type: FUNCTION; Schema: public
CREATE FUNCTION public.new_id() RETURNS uuid
    LANGUAGE plpgsql PARALLEL SAFE
    AS $$
DECLARE
    microseconds bigint;
BEGIN
    IF pg_catalog.current_setting('server_version_num')::integer >= 180000 THEN
        RETURN pg_catalog.uuidv7();
    END IF;

    -- As uuidv7() lays it out: 48 bits of milliseconds, the version, 12 bits of the millisecond's
    -- fraction, then variant and 62 random bits, both as a version 4 UUID has them.
    microseconds := pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000000;
    RETURN pg_catalog.encode(
        pg_catalog.substring(pg_catalog.int8send(microseconds / 1000), 3)
        || pg_catalog.int2send((28672 + microseconds % 1000 * 4096 / 1000)::smallint)
        || pg_catalog.substring(pg_catalog.uuid_send(pg_catalog.gen_random_uuid()), 9),
        'hex'
    )::uuid;
END
$$;

-- Name: FUNCTION new_id(); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.new_id() IS 'A new UUID version 7: later ones sort after earlier ones, so that an index on them grows at its end. From the server''s own uuidv7() where it has one (18), else of the same layout.';

-- Name: no_control_characters(text); Type: FUNCTION; Schema: public
CREATE FUNCTION public.no_control_characters(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (value !~ '[\u0001-\u001f\u007f-\u009f]'::text);

-- Name: FUNCTION no_control_characters(value text); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.no_control_characters(value text) IS 'Whether there is no control character: C0 (line ends and tabs included), DEL or C1.';

-- Name: not_blank(text); Type: FUNCTION; Schema: public
CREATE FUNCTION public.not_blank(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (("left"(value, 100) ~ '[^\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]'::text) OR (value ~ '[^\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]'::text));

-- Name: FUNCTION not_blank(value text); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.not_blank(value text) IS 'Whether something is left after trimming every character with the Unicode property White_Space. The beginning is tried first: matching a whole text takes four times its size in memory.';

-- Name: playground_search_text(bigint, text, timestamp with time zone, uuid, integer); Type: FUNCTION; Schema: public
CREATE FUNCTION public.playground_search_text(user_id bigint, words text, before timestamp with time zone, before_id uuid, page_size integer) RETURNS TABLE(id public.valid_uuid, task_id public.valid_uuid, created_at timestamp with time zone, opening text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

-- Name: FUNCTION playground_search_text(user_id bigint, words text, before timestamp with time zone, before_id uuid, page_size integer); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.playground_search_text(user_id bigint, words text, before timestamp with time zone, before_id uuid, page_size integer) IS 'A user''s own texts that match words, as a search engine takes them; newest first. Where row security is on, it finds nothing for anybody but the session''s user, app.user_id.';

-- Name: provider_models_list_existing(); Type: FUNCTION; Schema: public
CREATE FUNCTION public.provider_models_list_existing() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    listed text;
BEGIN
    -- In order, so that two sessions that list the same types do not wait for each other. An INSERT
    -- has no old row: its columns are NULL.
    FOR listed IN
        SELECT pg_catalog.jsonb_array_elements_text(new.task_types)
        EXCEPT
        SELECT pg_catalog.jsonb_array_elements_text(old.task_types)
        ORDER BY 1
    LOOP
        UPDATE public.task_types AS t
        SET description = t.description
        WHERE t.type_name = listed;

        IF NOT FOUND THEN
            RAISE EXCEPTION 'model "%" of "%" lists task type "%", which is not there',
                new.model_name, new.provider, listed
                USING
                    ERRCODE = 'foreign_key_violation',
                    SCHEMA = tg_table_schema,
                    TABLE = tg_table_name,
                    COLUMN = 'task_types',
                    CONSTRAINT = tg_name;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

-- Name: FUNCTION provider_models_list_existing(); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.provider_models_list_existing() IS 'Trigger of provider_models: every task type that a row newly lists exists, and stays until this transaction ends. It writes those rows of task_types, so their updated_at moves. It runs as its owner, as a reference does: the rule holds whatever the writer may see.';

-- Name: row_times(); Type: FUNCTION; Schema: public
CREATE FUNCTION public.row_times() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    -- What a client may say at most. Not the time of day but the transaction's, as every default and
    -- every later now() has it: a created_at between the two would make the same transaction's next
    -- statement fail, which says last_login_at = now().
    latest timestamptz := pg_catalog.now();
BEGIN
    IF tg_op = 'UPDATE' THEN
        new.updated_at := pg_catalog.clock_timestamp();
        -- A row that is newer than this transaction has its time from another session's now(): it is
        -- right, unless the clock has gone back since (another server after a fail-over, say).
        IF new.created_at = old.created_at THEN
            latest := new.updated_at;
        END IF;
    ELSIF new.updated_at > latest THEN
        new.updated_at := latest;
    END IF;
    IF new.created_at > latest THEN
        new.created_at := latest;
    END IF;
    RETURN new;
END
$$;

-- Name: FUNCTION row_times(); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.row_times() IS 'Trigger of every table. An UPDATE sets updated_at. A time later than the server''s clock is lowered to it, so that a client whose clock runs ahead leaves no row that the server''s own times come before. Earlier ones, of rows copied from elsewhere say, stay as they are.';

-- Name: sign_up(text, text, text, text, text, jsonb); Type: FUNCTION; Schema: public
CREATE FUNCTION public.sign_up(email text, password_hash text DEFAULT NULL::text, google_id text DEFAULT NULL::text, full_name text DEFAULT NULL::text, avatar_url text DEFAULT NULL::text, preferences jsonb DEFAULT NULL::jsonb) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
    user_id bigint;
BEGIN
    INSERT INTO public.users (email, password_hash, google_id, full_name, avatar_url, preferences)
    VALUES (lower($1), $2, $3, $4, $5, $6)
    RETURNING id INTO user_id;
    RETURN user_id;
END
$_$;

-- Name: FUNCTION sign_up(email text, password_hash text, google_id text, full_name text, avatar_url text, preferences jsonb); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.sign_up(email text, password_hash text, google_id text, full_name text, avatar_url text, preferences jsonb) IS 'Creates a user, who is no administrator and has no credits, and returns the id.';

-- Name: statement_statistics(); Type: FUNCTION; Schema: public
CREATE FUNCTION public.statement_statistics() RETURNS TABLE(role_name name, query_id bigint, query text, calls bigint, total_time double precision, mean_time double precision, stddev_time double precision, max_time double precision, rows bigint, hit_percent numeric)
    LANGUAGE plpgsql
    AS $_$
BEGIN
    IF public.statement_statistics_status() <> 'ok' THEN
        RETURN;
    END IF;

    -- By way of a document, a column is read by the name that the installed version has for it:
    -- 1.8 renamed total_time and its like to total_exec_time.
    RETURN QUERY EXECUTE (
        SELECT pg_catalog.format(
            $query$
            SELECT
                r.rolname,
                s.queryid,
                s.query,
                s.calls,
                coalesce(d.doc ->> 'total_exec_time', d.doc ->> 'total_time')::double precision,
                coalesce(d.doc ->> 'mean_exec_time', d.doc ->> 'mean_time')::double precision,
                coalesce(d.doc ->> 'stddev_exec_time', d.doc ->> 'stddev_time')::double precision,
                coalesce(d.doc ->> 'max_exec_time', d.doc ->> 'max_time')::double precision,
                s.rows,
                round(
                    100.0 * s.shared_blks_hit / nullif(s.shared_blks_hit + s.shared_blks_read, 0),
                    2
                )
            FROM %s.pg_stat_statements AS s
            INNER JOIN pg_catalog.pg_database AS b ON s.dbid = b.oid
            LEFT JOIN pg_catalog.pg_roles AS r ON s.userid = r.oid
            CROSS JOIN LATERAL to_jsonb(s) AS d (doc)
            WHERE b.datname = current_database()
            $query$,
            e.extnamespace::regnamespace
        )
        FROM pg_catalog.pg_extension AS e
        WHERE e.extname = 'pg_stat_statements'
    );
END
$_$;

-- Name: FUNCTION statement_statistics(); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.statement_statistics() IS 'What pg_stat_statements has counted in this database, under names that stay the same over its versions; times in milliseconds. Empty, not an error, where it cannot be read: statement_statistics_status() tells.';

-- Name: statement_statistics_status(); Type: FUNCTION; Schema: public
CREATE FUNCTION public.statement_statistics_status() RETURNS text
    LANGUAGE plpgsql
    AS $$
DECLARE
    extension_schema regnamespace;
BEGIN
    SELECT e.extnamespace
    INTO extension_schema
    FROM pg_catalog.pg_extension AS e
    WHERE e.extname = 'pg_stat_statements';

    IF NOT FOUND THEN
        RETURN 'absent';
    END IF;

    EXECUTE pg_catalog.format('SELECT FROM %s.pg_stat_statements LIMIT 1', extension_schema);
    RETURN 'ok';
EXCEPTION
    WHEN object_not_in_prerequisite_state THEN
        RETURN 'not preloaded';
    WHEN insufficient_privilege THEN
        RETURN 'not permitted';
END
$$;

-- Name: FUNCTION statement_statistics_status(); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.statement_statistics_status() IS 'Why slow_queries_analysis may be empty: absent (CREATE EXTENSION pg_stat_statements is missing), not preloaded (shared_preload_libraries does not name it), not permitted (the role may not use the extension''s schema or view), or ok (nothing was slow).';

-- Name: task_types_stay_listed(); Type: FUNCTION; Schema: public
CREATE FUNCTION public.task_types_stay_listed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    model record;
BEGIN
    IF tg_op = 'UPDATE' AND new.type_name = old.type_name THEN
        RETURN NULL;
    END IF;

    SELECT
        m.provider,
        m.model_name
    INTO model
    FROM public.provider_models AS m
    WHERE m.task_types ? old.type_name
    ORDER BY m.provider, m.model_name
    LIMIT 1;

    IF FOUND THEN
        RAISE EXCEPTION 'task type "%" cannot be deleted or renamed: model "%" of "%" lists it',
            old.type_name, model.model_name, model.provider
            USING
                ERRCODE = 'foreign_key_violation',
                SCHEMA = tg_table_schema,
                TABLE = tg_table_name,
                COLUMN = 'type_name',
                CONSTRAINT = tg_name,
                HINT = 'Take it off the models that list it first.';
    END IF;
    RETURN NULL;
END
$$;

-- Name: FUNCTION task_types_stay_listed(); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.task_types_stay_listed() IS 'Trigger of task_types: refuses to delete or rename a type while a model lists it. It runs as its owner, as a reference does: the rule holds whatever the writer may see.';

-- Name: task_types_stay_with_models(); Type: FUNCTION; Schema: public
CREATE FUNCTION public.task_types_stay_with_models() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
BEGIN
    -- The file's size, not the rows that this transaction sees: it is right at every isolation
    -- level, and is nothing if the same statement has truncated the models too.
    IF pg_catalog.pg_relation_size('public.provider_models') > 0 THEN
        RAISE EXCEPTION 'task types cannot be truncated without the models, which list them'
            USING
                ERRCODE = 'foreign_key_violation',
                SCHEMA = tg_table_schema,
                TABLE = tg_table_name,
                CONSTRAINT = tg_name,
                HINT = 'Truncate provider_models in the same statement.';
    END IF;
    RETURN NULL;
END
$$;

-- Name: FUNCTION task_types_stay_with_models(); Type: COMMENT; Schema: public
COMMENT ON FUNCTION public.task_types_stay_with_models() IS 'Trigger of task_types: refuses to truncate it without provider_models.';

-- Name: agent_categories; Type: TABLE; Schema: public
CREATE TABLE public.agent_categories (
    id integer NOT NULL,
    category_name text NOT NULL,
    description text NOT NULL,
    sort_order integer DEFAULT 0 NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_agent_categories_category_name_slug CHECK (public.is_slug(category_name)),
    CONSTRAINT ck_agent_categories_description_length CHECK ((char_length(description) <= 500)),
    CONSTRAINT ck_agent_categories_description_not_blank CHECK (public.not_blank(description)),
    CONSTRAINT ck_agent_categories_sort_order_not_negative CHECK ((sort_order >= 0)),
    CONSTRAINT ck_agent_categories_times_finite CHECK ((isfinite(created_at) AND isfinite(updated_at))),
    CONSTRAINT ck_agent_categories_updated_not_before_created CHECK ((updated_at >= created_at))
);

-- Name: TABLE agent_categories; Type: COMMENT; Schema: public
COMMENT ON TABLE public.agent_categories IS 'Categories of agents.';

-- Name: COLUMN agent_categories.id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agent_categories.id IS 'Surrogate key: what agents and their types refer to. Differs between installations; seeds refer to natural keys.';

-- Name: COLUMN agent_categories.category_name; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agent_categories.category_name IS 'Natural key, in snake_case.';

-- Name: COLUMN agent_categories.description; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agent_categories.description IS 'What agents of this category are for.';

-- Name: COLUMN agent_categories.sort_order; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agent_categories.sort_order IS 'Place in lists: smaller comes first.';

-- Name: COLUMN agent_categories.is_active; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agent_categories.is_active IS 'Whether it is offered for new agents.';

-- Name: COLUMN agent_categories.created_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agent_categories.created_at IS 'When the row was made; never later than the server''s clock.';

-- Name: COLUMN agent_categories.updated_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agent_categories.updated_at IS 'When the row was last written; kept by a trigger.';

-- Name: agent_categories_id_seq; Type: SEQUENCE; Schema: public
ALTER TABLE public.agent_categories ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.agent_categories_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: agent_types; Type: TABLE; Schema: public
CREATE TABLE public.agent_types (
    id integer NOT NULL,
    type_name text NOT NULL,
    category_id integer NOT NULL,
    description text NOT NULL,
    default_config jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_agent_types_default_config_object CHECK ((jsonb_typeof(default_config) = 'object'::text)),
    CONSTRAINT ck_agent_types_description_length CHECK ((char_length(description) <= 500)),
    CONSTRAINT ck_agent_types_description_not_blank CHECK (public.not_blank(description)),
    CONSTRAINT ck_agent_types_times_finite CHECK ((isfinite(created_at) AND isfinite(updated_at))),
    CONSTRAINT ck_agent_types_type_name_slug CHECK (public.is_slug(type_name)),
    CONSTRAINT ck_agent_types_updated_not_before_created CHECK ((updated_at >= created_at))
);

-- Name: TABLE agent_types; Type: COMMENT; Schema: public
COMMENT ON TABLE public.agent_types IS 'Types of agents, each of one category.';

-- Name: COLUMN agent_types.id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agent_types.id IS 'Surrogate key: what agents refer to, together with its category. Differs between installations; seeds refer to natural keys.';

-- Name: COLUMN agent_types.type_name; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agent_types.type_name IS 'Natural key, in snake_case.';

-- Name: COLUMN agent_types.category_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agent_types.category_id IS 'The one category that it belongs to.';

-- Name: COLUMN agent_types.description; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agent_types.description IS 'What an agent of this type does.';

-- Name: COLUMN agent_types.default_config; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agent_types.default_config IS 'What a new agent''s configuration starts from: an object.';

-- Name: COLUMN agent_types.created_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agent_types.created_at IS 'When the row was made; never later than the server''s clock.';

-- Name: COLUMN agent_types.updated_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agent_types.updated_at IS 'When the row was last written; kept by a trigger.';

-- Name: agent_types_id_seq; Type: SEQUENCE; Schema: public
ALTER TABLE public.agent_types ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.agent_types_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: agents; Type: TABLE; Schema: public
CREATE TABLE public.agents (
    id public.valid_uuid DEFAULT public.new_id() NOT NULL,
    user_id bigint NOT NULL,
    category_id integer,
    type_id integer,
    name text NOT NULL,
    description text,
    agent_type text NOT NULL,
    status text DEFAULT 'draft'::text NOT NULL,
    is_public boolean DEFAULT false NOT NULL,
    tags jsonb,
    configuration jsonb NOT NULL,
    workflow_definition jsonb NOT NULL,
    triggers jsonb,
    variables jsonb,
    permissions jsonb,
    version public.semantic_version DEFAULT '1.0.0'::text NOT NULL,
    execution_count integer DEFAULT 0 NOT NULL,
    success_rate numeric(5,4),
    avg_execution_time_ms integer,
    last_executed_at timestamp with time zone,
    published_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_agents_agent_type CHECK ((agent_type = ANY (ARRAY['workflow'::text, 'scheduled'::text, 'trigger_based'::text, 'api_endpoint'::text]))),
    CONSTRAINT ck_agents_avg_execution_time_ms_not_negative CHECK ((avg_execution_time_ms >= 0)),
    CONSTRAINT ck_agents_configuration_object CHECK (((jsonb_typeof(configuration) = 'object'::text) AND (configuration <> '{}'::jsonb))),
    CONSTRAINT ck_agents_description_length CHECK ((char_length(description) <= 2000)),
    CONSTRAINT ck_agents_execution_count_not_negative CHECK ((execution_count >= 0)),
    CONSTRAINT ck_agents_last_executed_needs_execution CHECK (((last_executed_at IS NULL) OR (execution_count > 0))),
    CONSTRAINT ck_agents_last_executed_not_before_created CHECK ((last_executed_at >= (created_at - '00:05:00'::interval))),
    CONSTRAINT ck_agents_name_length CHECK ((char_length(name) <= 255)),
    CONSTRAINT ck_agents_name_not_blank CHECK (public.not_blank(name)),
    CONSTRAINT ck_agents_permissions_object CHECK ((jsonb_typeof(permissions) = 'object'::text)),
    CONSTRAINT ck_agents_public_is_published CHECK (((NOT is_public) OR (status = 'published'::text))),
    CONSTRAINT ck_agents_published_needs_published_at CHECK (((status <> 'published'::text) OR (published_at IS NOT NULL))),
    CONSTRAINT ck_agents_published_not_before_created CHECK ((published_at >= (created_at - '00:05:00'::interval))),
    CONSTRAINT ck_agents_status CHECK ((status = ANY (ARRAY['draft'::text, 'active'::text, 'inactive'::text, 'archived'::text, 'published'::text]))),
    CONSTRAINT ck_agents_success_rate_if_executed CHECK (((success_rate IS NOT NULL) = (execution_count > 0))),
    CONSTRAINT ck_agents_success_rate_range CHECK (((success_rate >= (0)::numeric) AND (success_rate <= (1)::numeric))),
    CONSTRAINT ck_agents_tags_strings CHECK (public.is_array_of_strings(tags)),
    CONSTRAINT ck_agents_times_finite CHECK ((isfinite(last_executed_at) AND isfinite(published_at) AND isfinite(created_at) AND isfinite(updated_at))),
    CONSTRAINT ck_agents_triggers_array CHECK ((jsonb_typeof(triggers) = 'array'::text)),
    CONSTRAINT ck_agents_type_needs_category CHECK (((type_id IS NULL) OR (category_id IS NOT NULL))),
    CONSTRAINT ck_agents_updated_not_before_created CHECK ((updated_at >= created_at)),
    CONSTRAINT ck_agents_variables_object CHECK ((jsonb_typeof(variables) = 'object'::text)),
    CONSTRAINT ck_agents_workflow_definition_graph CHECK ((((jsonb_typeof(workflow_definition) = 'object'::text) AND (jsonb_typeof((workflow_definition -> 'nodes'::text)) = 'array'::text) AND ((workflow_definition -> 'nodes'::text) <> '[]'::jsonb) AND (jsonb_typeof((workflow_definition -> 'edges'::text)) = 'array'::text)) IS TRUE))
);

-- Name: TABLE agents; Type: COMMENT; Schema: public
COMMENT ON TABLE public.agents IS 'Automations that a user builds; published ones are shown to all.';

-- Name: COLUMN agents.id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.id IS 'Time-ordered identifier.';

-- Name: COLUMN agents.user_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.user_id IS 'The owner.';

-- Name: COLUMN agents.category_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.category_id IS 'Shelf of the marketplace; NULL is none.';

-- Name: COLUMN agents.type_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.type_id IS 'Ready-made kind that it follows, of the same category; NULL is none.';

-- Name: COLUMN agents.name; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.name IS 'Name that the owner gave it.';

-- Name: COLUMN agents.description; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.description IS 'What it does.';

-- Name: COLUMN agents.agent_type; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.agent_type IS 'What sets it off: a person, the clock, an event or a call.';

-- Name: COLUMN agents.status; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.status IS 'Where it is in its life.';

-- Name: COLUMN agents.is_public; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.is_public IS 'Whether the marketplace shows it.';

-- Name: COLUMN agents.tags; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.tags IS 'Words to find it by: an array of strings.';

-- Name: COLUMN agents.configuration; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.configuration IS 'Settings: a non-empty object.';

-- Name: COLUMN agents.workflow_definition; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.workflow_definition IS 'The steps: an object with the arrays nodes, at least one, and edges.';

-- Name: COLUMN agents.triggers; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.triggers IS 'What sets it off, in detail: an array.';

-- Name: COLUMN agents.variables; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.variables IS 'Values that its steps share: an object.';

-- Name: COLUMN agents.permissions; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.permissions IS 'What it may do on the owner''s behalf: an object.';

-- Name: COLUMN agents.version; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.version IS 'Version of the definition.';

-- Name: COLUMN agents.execution_count; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.execution_count IS 'How often it has run.';

-- Name: COLUMN agents.success_rate; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.success_rate IS 'Share of its runs that succeeded, 0 to 1; NULL exactly while it has never run.';

-- Name: COLUMN agents.avg_execution_time_ms; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.avg_execution_time_ms IS 'How long a run takes on average, in milliseconds.';

-- Name: COLUMN agents.last_executed_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.last_executed_at IS 'When it last ran.';

-- Name: COLUMN agents.published_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.published_at IS 'When it was published.';

-- Name: COLUMN agents.created_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.created_at IS 'When the row was made; never later than the server''s clock. An event may lie up to 5 minutes before it: clocks of clients differ.';

-- Name: COLUMN agents.updated_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.agents.updated_at IS 'When the row was last written; kept by a trigger.';

-- Name: CONSTRAINT ck_agents_type_needs_category ON agents; Type: COMMENT; Schema: public
COMMENT ON CONSTRAINT ck_agents_type_needs_category ON public.agents IS 'fk_agents_type_id looks at pairs that are complete: without this, a type could stand without its category, and need not exist.';

-- Name: CONSTRAINT ck_agents_workflow_definition_graph ON agents; Type: COMMENT; Schema: public
COMMENT ON CONSTRAINT ck_agents_workflow_definition_graph ON public.agents IS 'IS TRUE, since a key that is not there gives NULL, which a CHECK lets pass.';

-- Name: ai_providers; Type: TABLE; Schema: public
CREATE TABLE public.ai_providers (
    id integer NOT NULL,
    provider_name text NOT NULL,
    display_name text NOT NULL,
    api_base_url public.valid_url NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_ai_providers_api_base_url_https CHECK (((api_base_url)::text ~ '^[Hh][Tt][Tt][Pp][Ss]:'::text)),
    CONSTRAINT ck_ai_providers_display_name_length CHECK ((char_length(display_name) <= 100)),
    CONSTRAINT ck_ai_providers_display_name_not_blank CHECK (public.not_blank(display_name)),
    CONSTRAINT ck_ai_providers_provider_name_slug CHECK (public.is_slug(provider_name)),
    CONSTRAINT ck_ai_providers_times_finite CHECK ((isfinite(created_at) AND isfinite(updated_at))),
    CONSTRAINT ck_ai_providers_updated_not_before_created CHECK ((updated_at >= created_at))
);

-- Name: TABLE ai_providers; Type: COMMENT; Schema: public
COMMENT ON TABLE public.ai_providers IS 'External providers of AI models.';

-- Name: COLUMN ai_providers.id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.ai_providers.id IS 'Surrogate key: what API keys refer to. Differs between installations; seeds refer to natural keys.';

-- Name: COLUMN ai_providers.provider_name; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.ai_providers.provider_name IS 'Natural key, in snake_case; models refer to it.';

-- Name: COLUMN ai_providers.display_name; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.ai_providers.display_name IS 'The name as people read it.';

-- Name: COLUMN ai_providers.api_base_url; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.ai_providers.api_base_url IS 'Where the public API starts; https alone, since keys travel to it.';

-- Name: COLUMN ai_providers.is_active; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.ai_providers.is_active IS 'Whether new tasks may go to it.';

-- Name: COLUMN ai_providers.created_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.ai_providers.created_at IS 'When the row was made; never later than the server''s clock.';

-- Name: COLUMN ai_providers.updated_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.ai_providers.updated_at IS 'When the row was last written; kept by a trigger.';

-- Name: ai_providers_id_seq; Type: SEQUENCE; Schema: public
ALTER TABLE public.ai_providers ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.ai_providers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: api_keys; Type: TABLE; Schema: public
CREATE TABLE public.api_keys (
    id public.valid_uuid DEFAULT public.new_id() NOT NULL,
    user_id bigint NOT NULL,
    provider_id integer NOT NULL,
    key_name text NOT NULL,
    encrypted_key text NOT NULL,
    key_hash public.sha256_hash NOT NULL,
    permissions jsonb,
    usage_limits jsonb,
    usage_stats jsonb,
    is_active boolean DEFAULT true NOT NULL,
    is_default boolean DEFAULT false NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    last_validated_at timestamp with time zone,
    validation_status text,
    error_count integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_api_keys_default_is_active CHECK (((NOT is_default) OR is_active)),
    CONSTRAINT ck_api_keys_encrypted_key_length CHECK ((char_length(encrypted_key) <= 4096)),
    CONSTRAINT ck_api_keys_encrypted_key_not_blank CHECK (public.not_blank(encrypted_key)),
    CONSTRAINT ck_api_keys_encrypted_key_not_clear CHECK (
CASE
    WHEN (char_length(encrypted_key) > 4096) THEN true
    ELSE ((encrypted_key COLLATE "C") !~* '^[\u0001-\u0020\u0022\u0027\u0060\u007f-\u00a0\u00ad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff]*(bearer |-----begin |sk[-_]|sess-|aiza|ya29\.|hf_|api_org_|r8_|xi-|xai-|gsk_|csk-|pplx-|nvapi-|tgp_v1_|tvly-|pcsk_|lsv2_|akia|absk|ghp_|github_pat_|glpat-)'::text)
END),
    CONSTRAINT ck_api_keys_error_count_not_negative CHECK ((error_count >= 0)),
    CONSTRAINT ck_api_keys_expires_after_created CHECK ((expires_at > created_at)),
    CONSTRAINT ck_api_keys_key_name_length CHECK ((char_length(key_name) <= 100)),
    CONSTRAINT ck_api_keys_key_name_not_blank CHECK (public.not_blank(key_name)),
    CONSTRAINT ck_api_keys_last_used_not_before_created CHECK ((last_used_at >= (created_at - '00:05:00'::interval))),
    CONSTRAINT ck_api_keys_last_validated_not_before_created CHECK ((last_validated_at >= (created_at - '00:05:00'::interval))),
    CONSTRAINT ck_api_keys_permissions_object CHECK ((jsonb_typeof(permissions) = 'object'::text)),
    CONSTRAINT ck_api_keys_times_finite CHECK ((isfinite(expires_at) AND isfinite(last_used_at) AND isfinite(last_validated_at) AND isfinite(created_at) AND isfinite(updated_at))),
    CONSTRAINT ck_api_keys_updated_not_before_created CHECK ((updated_at >= created_at)),
    CONSTRAINT ck_api_keys_usage_limits_object CHECK ((jsonb_typeof(usage_limits) = 'object'::text)),
    CONSTRAINT ck_api_keys_usage_stats_object CHECK ((jsonb_typeof(usage_stats) = 'object'::text)),
    CONSTRAINT ck_api_keys_validation_status CHECK ((validation_status = ANY (ARRAY['valid'::text, 'invalid'::text, 'expired'::text, 'rate_limited'::text, 'unknown'::text])))
);

-- Name: TABLE api_keys; Type: COMMENT; Schema: public
COMMENT ON TABLE public.api_keys IS 'Keys of users for external providers, encrypted.';

-- Name: COLUMN api_keys.id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.api_keys.id IS 'Time-ordered identifier.';

-- Name: COLUMN api_keys.user_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.api_keys.user_id IS 'The owner.';

-- Name: COLUMN api_keys.provider_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.api_keys.provider_id IS 'Whose key it is.';

-- Name: COLUMN api_keys.key_name; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.api_keys.key_name IS 'Name that the owner gave it; unique for the owner and provider.';

-- Name: COLUMN api_keys.encrypted_key; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.api_keys.encrypted_key IS 'The key, encrypted by the application; never the key itself.';

-- Name: COLUMN api_keys.key_hash; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.api_keys.key_hash IS 'Digest of the key, to recognise one that is stored already.';

-- Name: COLUMN api_keys.permissions; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.api_keys.permissions IS 'What the key may be used for: an object.';

-- Name: COLUMN api_keys.usage_limits; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.api_keys.usage_limits IS 'How much it may be used: an object.';

-- Name: COLUMN api_keys.usage_stats; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.api_keys.usage_stats IS 'How much it has been used: an object.';

-- Name: COLUMN api_keys.is_active; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.api_keys.is_active IS 'Whether tasks may use it.';

-- Name: COLUMN api_keys.is_default; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.api_keys.is_default IS 'Whether tasks use it unless told otherwise; one for each owner and provider.';

-- Name: COLUMN api_keys.expires_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.api_keys.expires_at IS 'When the provider stops taking it; NULL is never.';

-- Name: COLUMN api_keys.last_used_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.api_keys.last_used_at IS 'When it was last used.';

-- Name: COLUMN api_keys.last_validated_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.api_keys.last_validated_at IS 'When it was last tried out at the provider.';

-- Name: COLUMN api_keys.validation_status; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.api_keys.validation_status IS 'What came of that; NULL if it never was.';

-- Name: COLUMN api_keys.error_count; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.api_keys.error_count IS 'Calls with it that failed.';

-- Name: COLUMN api_keys.created_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.api_keys.created_at IS 'When the row was made; never later than the server''s clock. An event may lie up to 5 minutes before it: clocks of clients differ.';

-- Name: COLUMN api_keys.updated_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.api_keys.updated_at IS 'When the row was last written; kept by a trigger.';

-- Name: CONSTRAINT ck_api_keys_encrypted_key_not_clear ON api_keys; Type: COMMENT; Schema: public
COMMENT ON CONSTRAINT ck_api_keys_encrypted_key_not_clear ON public.api_keys IS 'Refuses what starts as a provider''s clear key does, in any case, after white space, quotes and invisible characters: it would mean that encryption was left out.';

-- Name: campaign_types; Type: TABLE; Schema: public
CREATE TABLE public.campaign_types (
    id integer NOT NULL,
    type_name text NOT NULL,
    description text NOT NULL,
    default_channels jsonb NOT NULL,
    estimated_duration_days integer,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_campaign_types_default_channels_names CHECK ((public.is_array_of_strings(default_channels) AND (default_channels <> '[]'::jsonb))),
    CONSTRAINT ck_campaign_types_description_length CHECK ((char_length(description) <= 500)),
    CONSTRAINT ck_campaign_types_description_not_blank CHECK (public.not_blank(description)),
    CONSTRAINT ck_campaign_types_estimated_duration_days_range CHECK (((estimated_duration_days >= 1) AND (estimated_duration_days <= 730))),
    CONSTRAINT ck_campaign_types_times_finite CHECK ((isfinite(created_at) AND isfinite(updated_at))),
    CONSTRAINT ck_campaign_types_type_name_slug CHECK (public.is_slug(type_name)),
    CONSTRAINT ck_campaign_types_updated_not_before_created CHECK ((updated_at >= created_at))
);

-- Name: TABLE campaign_types; Type: COMMENT; Schema: public
COMMENT ON TABLE public.campaign_types IS 'Types of campaigns.';

-- Name: COLUMN campaign_types.id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaign_types.id IS 'Surrogate key: what campaigns refer to. Differs between installations; seeds refer to natural keys.';

-- Name: COLUMN campaign_types.type_name; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaign_types.type_name IS 'Natural key, in snake_case.';

-- Name: COLUMN campaign_types.description; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaign_types.description IS 'What a campaign of this type is for.';

-- Name: COLUMN campaign_types.default_channels; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaign_types.default_channels IS 'Channels that a new campaign starts with: a non-empty array of strings.';

-- Name: COLUMN campaign_types.estimated_duration_days; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaign_types.estimated_duration_days IS 'How long such a campaign usually runs, in days.';

-- Name: COLUMN campaign_types.created_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaign_types.created_at IS 'When the row was made; never later than the server''s clock.';

-- Name: COLUMN campaign_types.updated_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaign_types.updated_at IS 'When the row was last written; kept by a trigger.';

-- Name: campaign_types_id_seq; Type: SEQUENCE; Schema: public
ALTER TABLE public.campaign_types ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.campaign_types_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: campaigns; Type: TABLE; Schema: public
CREATE TABLE public.campaigns (
    id public.valid_uuid DEFAULT public.new_id() NOT NULL,
    user_id bigint NOT NULL,
    campaign_type_id integer,
    name text NOT NULL,
    description text,
    status text DEFAULT 'draft'::text NOT NULL,
    channels jsonb NOT NULL,
    target_audience jsonb,
    objectives jsonb NOT NULL,
    budget_credits integer,
    spent_credits integer DEFAULT 0 NOT NULL,
    content_templates jsonb,
    scheduling jsonb,
    automation_rules jsonb,
    metrics jsonb,
    a_b_testing jsonb,
    start_date timestamp with time zone,
    end_date timestamp with time zone,
    launched_at timestamp with time zone,
    completed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_campaigns_a_b_testing_object CHECK ((jsonb_typeof(a_b_testing) = 'object'::text)),
    CONSTRAINT ck_campaigns_active_needs_launched_at CHECK (((status <> 'active'::text) OR (launched_at IS NOT NULL))),
    CONSTRAINT ck_campaigns_automation_rules_object CHECK ((jsonb_typeof(automation_rules) = 'object'::text)),
    CONSTRAINT ck_campaigns_budget_credits_positive CHECK ((budget_credits > 0)),
    CONSTRAINT ck_campaigns_channels_names CHECK ((public.is_array_of_strings(channels) AND (channels <> '[]'::jsonb))),
    CONSTRAINT ck_campaigns_completed_needs_completed_at CHECK (((status <> 'completed'::text) OR (completed_at IS NOT NULL))),
    CONSTRAINT ck_campaigns_completed_not_before_created CHECK ((completed_at >= (created_at - '00:05:00'::interval))),
    CONSTRAINT ck_campaigns_completed_not_before_launched CHECK ((completed_at >= launched_at)),
    CONSTRAINT ck_campaigns_content_templates_object CHECK ((jsonb_typeof(content_templates) = 'object'::text)),
    CONSTRAINT ck_campaigns_description_length CHECK ((char_length(description) <= 2000)),
    CONSTRAINT ck_campaigns_end_not_before_start CHECK ((end_date >= start_date)),
    CONSTRAINT ck_campaigns_launched_not_before_created CHECK ((launched_at >= (created_at - '00:05:00'::interval))),
    CONSTRAINT ck_campaigns_metrics_object CHECK ((jsonb_typeof(metrics) = 'object'::text)),
    CONSTRAINT ck_campaigns_name_length CHECK ((char_length(name) <= 255)),
    CONSTRAINT ck_campaigns_name_not_blank CHECK (public.not_blank(name)),
    CONSTRAINT ck_campaigns_objectives_object CHECK (((jsonb_typeof(objectives) = 'object'::text) AND (objectives <> '{}'::jsonb))),
    CONSTRAINT ck_campaigns_scheduled_needs_start_date CHECK (((status <> 'scheduled'::text) OR (start_date IS NOT NULL))),
    CONSTRAINT ck_campaigns_scheduling_object CHECK ((jsonb_typeof(scheduling) = 'object'::text)),
    CONSTRAINT ck_campaigns_spent_credits_not_negative CHECK ((spent_credits >= 0)),
    CONSTRAINT ck_campaigns_spent_credits_within_budget CHECK ((spent_credits <= budget_credits)),
    CONSTRAINT ck_campaigns_status CHECK ((status = ANY (ARRAY['draft'::text, 'scheduled'::text, 'active'::text, 'paused'::text, 'completed'::text, 'cancelled'::text, 'archived'::text]))),
    CONSTRAINT ck_campaigns_target_audience_object CHECK ((jsonb_typeof(target_audience) = 'object'::text)),
    CONSTRAINT ck_campaigns_times_finite CHECK ((isfinite(start_date) AND isfinite(end_date) AND isfinite(launched_at) AND isfinite(completed_at) AND isfinite(created_at) AND isfinite(updated_at))),
    CONSTRAINT ck_campaigns_updated_not_before_created CHECK ((updated_at >= created_at))
);

-- Name: TABLE campaigns; Type: COMMENT; Schema: public
COMMENT ON TABLE public.campaigns IS 'Marketing campaigns, which group a user''s tasks.';

-- Name: COLUMN campaigns.id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.id IS 'Time-ordered identifier.';

-- Name: COLUMN campaigns.user_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.user_id IS 'The owner.';

-- Name: COLUMN campaigns.campaign_type_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.campaign_type_id IS 'Kind of campaign; NULL is a free one.';

-- Name: COLUMN campaigns.name; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.name IS 'Name that the owner gave it.';

-- Name: COLUMN campaigns.description; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.description IS 'What it is about.';

-- Name: COLUMN campaigns.status; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.status IS 'Where it is in its life.';

-- Name: COLUMN campaigns.channels; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.channels IS 'Channels that it runs on: a non-empty array of strings.';

-- Name: COLUMN campaigns.target_audience; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.target_audience IS 'Whom it is for: an object.';

-- Name: COLUMN campaigns.objectives; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.objectives IS 'What it shall achieve: a non-empty object.';

-- Name: COLUMN campaigns.budget_credits; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.budget_credits IS 'Credits that it may spend; NULL is unlimited.';

-- Name: COLUMN campaigns.spent_credits; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.spent_credits IS 'Credits that it has spent; within the budget.';

-- Name: COLUMN campaigns.content_templates; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.content_templates IS 'Templates that the campaign''s content starts from: an object.';

-- Name: COLUMN campaigns.scheduling; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.scheduling IS 'When its tasks run: an object.';

-- Name: COLUMN campaigns.automation_rules; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.automation_rules IS 'What happens by itself, and when: an object.';

-- Name: COLUMN campaigns.metrics; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.metrics IS 'What it has achieved so far: an object.';

-- Name: COLUMN campaigns.a_b_testing; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.a_b_testing IS 'Variants and how they are compared: an object.';

-- Name: COLUMN campaigns.start_date; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.start_date IS 'When it is planned to start.';

-- Name: COLUMN campaigns.end_date; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.end_date IS 'When it is planned to end.';

-- Name: COLUMN campaigns.launched_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.launched_at IS 'When it did start.';

-- Name: COLUMN campaigns.completed_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.completed_at IS 'When it did end.';

-- Name: COLUMN campaigns.created_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.created_at IS 'When the row was made; never later than the server''s clock. An event may lie up to 5 minutes before it: clocks of clients differ.';

-- Name: COLUMN campaigns.updated_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.campaigns.updated_at IS 'When the row was last written; kept by a trigger.';

-- Name: generated_content; Type: TABLE; Schema: public
CREATE TABLE public.generated_content (
    id public.valid_uuid DEFAULT public.new_id() NOT NULL,
    task_id public.valid_uuid NOT NULL,
    user_id bigint NOT NULL,
    content_type text NOT NULL,
    mime_type text,
    file_size_bytes bigint,
    file_url public.valid_url,
    thumbnail_url public.valid_url,
    original_filename text,
    storage_path text,
    storage_provider text,
    content_text text,
    content_metadata jsonb,
    processing_metadata jsonb,
    quality_score numeric(4,2),
    is_favorite boolean DEFAULT false NOT NULL,
    is_public boolean DEFAULT false NOT NULL,
    download_count integer DEFAULT 0 NOT NULL,
    tags jsonb,
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_generated_content_content_metadata_object CHECK ((jsonb_typeof(content_metadata) = 'object'::text)),
    CONSTRAINT ck_generated_content_content_type CHECK ((content_type = ANY (ARRAY['text'::text, 'image'::text, 'audio'::text, 'video'::text, 'document'::text, 'data'::text]))),
    CONSTRAINT ck_generated_content_download_count_not_negative CHECK ((download_count >= 0)),
    CONSTRAINT ck_generated_content_expires_after_created CHECK ((expires_at > created_at)),
    CONSTRAINT ck_generated_content_file_needs_storage_provider CHECK ((((file_url IS NULL) AND (storage_path IS NULL)) OR (storage_provider IS NOT NULL))),
    CONSTRAINT ck_generated_content_file_size_bytes_positive CHECK ((file_size_bytes > 0)),
    CONSTRAINT ck_generated_content_has_body CHECK ((COALESCE(public.not_blank(content_text), false) OR (file_url IS NOT NULL) OR (storage_path IS NOT NULL))),
    CONSTRAINT ck_generated_content_mime_type_form CHECK (
CASE
    WHEN (char_length(mime_type) > 255) THEN false
    ELSE (mime_type ~ '^[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*$'::text)
END),
    CONSTRAINT ck_generated_content_original_filename_characters CHECK (((original_filename !~ '[/\\]'::text) AND public.no_control_characters(original_filename))),
    CONSTRAINT ck_generated_content_original_filename_length CHECK ((char_length(original_filename) <= 255)),
    CONSTRAINT ck_generated_content_original_filename_not_blank CHECK (public.not_blank(original_filename)),
    CONSTRAINT ck_generated_content_original_filename_not_dots CHECK ((original_filename <> ALL (ARRAY['.'::text, '..'::text]))),
    CONSTRAINT ck_generated_content_processing_metadata_object CHECK ((jsonb_typeof(processing_metadata) = 'object'::text)),
    CONSTRAINT ck_generated_content_quality_score_range CHECK (((quality_score >= (0)::numeric) AND (quality_score <= (10)::numeric))),
    CONSTRAINT ck_generated_content_storage_path_characters CHECK (((storage_path !~ '\\'::text) AND public.no_control_characters(storage_path))),
    CONSTRAINT ck_generated_content_storage_path_length CHECK ((char_length(storage_path) <= 1024)),
    CONSTRAINT ck_generated_content_storage_path_not_blank CHECK (public.not_blank(storage_path)),
    CONSTRAINT ck_generated_content_storage_path_relative CHECK ((storage_path !~ '^(/|[A-Za-z]:)'::text)),
    CONSTRAINT ck_generated_content_storage_path_within CHECK ((storage_path !~ '(^|/)\.\.(/|$)'::text)),
    CONSTRAINT ck_generated_content_storage_provider CHECK ((storage_provider = ANY (ARRAY['minio'::text, 's3'::text, 'gcs'::text, 'azure_blob'::text, 'local'::text]))),
    CONSTRAINT ck_generated_content_tags_strings CHECK (public.is_array_of_strings(tags)),
    CONSTRAINT ck_generated_content_text_needs_content_text CHECK (((content_type <> 'text'::text) OR COALESCE(public.not_blank(content_text), false))),
    CONSTRAINT ck_generated_content_times_finite CHECK ((isfinite(expires_at) AND isfinite(created_at) AND isfinite(updated_at))),
    CONSTRAINT ck_generated_content_updated_not_before_created CHECK ((updated_at >= created_at))
);

-- Name: TABLE generated_content; Type: COMMENT; Schema: public
COMMENT ON TABLE public.generated_content IS 'What tasks produced: texts here, files in a storage.';

-- Name: COLUMN generated_content.id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.id IS 'Time-ordered identifier.';

-- Name: COLUMN generated_content.task_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.task_id IS 'The task that produced it; one content each.';

-- Name: COLUMN generated_content.user_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.user_id IS 'The owner, who is the task''s.';

-- Name: COLUMN generated_content.content_type; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.content_type IS 'What it is, for people.';

-- Name: COLUMN generated_content.mime_type; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.mime_type IS 'What it is, for programs: type/subtype in lower case, without parameters.';

-- Name: COLUMN generated_content.file_size_bytes; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.file_size_bytes IS 'Size of the file in bytes.';

-- Name: COLUMN generated_content.file_url; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.file_url IS 'Where the file can be fetched.';

-- Name: COLUMN generated_content.thumbnail_url; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.thumbnail_url IS 'Where a small picture of it can be fetched.';

-- Name: COLUMN generated_content.original_filename; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.original_filename IS 'Name to save the file under; no path.';

-- Name: COLUMN generated_content.storage_path; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.storage_path IS 'Path of the file within its storage; relative, and never out of it.';

-- Name: COLUMN generated_content.storage_provider; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.storage_provider IS 'Storage that holds the file.';

-- Name: COLUMN generated_content.content_text; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.content_text IS 'The text itself, of any length; the first 100,000 characters are searchable.';

-- Name: COLUMN generated_content.content_metadata; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.content_metadata IS 'What is known of the content, its dimensions say: an object.';

-- Name: COLUMN generated_content.processing_metadata; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.processing_metadata IS 'How it was made: an object.';

-- Name: COLUMN generated_content.quality_score; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.quality_score IS 'How good it is, 0 to 10.';

-- Name: COLUMN generated_content.is_favorite; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.is_favorite IS 'Whether the owner marked it.';

-- Name: COLUMN generated_content.is_public; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.is_public IS 'Whether the public gallery shows it.';

-- Name: COLUMN generated_content.download_count; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.download_count IS 'How often it was downloaded.';

-- Name: COLUMN generated_content.tags; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.tags IS 'Words to find it by: an array of strings.';

-- Name: COLUMN generated_content.expires_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.expires_at IS 'When it may be deleted; NULL is never.';

-- Name: COLUMN generated_content.created_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.created_at IS 'When the row was made; never later than the server''s clock.';

-- Name: COLUMN generated_content.updated_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.generated_content.updated_at IS 'When the row was last written; kept by a trigger.';

-- Name: CONSTRAINT ck_generated_content_has_body ON generated_content; Type: COMMENT; Schema: public
COMMENT ON CONSTRAINT ck_generated_content_has_body ON public.generated_content IS 'A text that is not blank, a URL or a path.';

-- Name: index_usage_stats; Type: VIEW; Schema: public
CREATE VIEW public.index_usage_stats WITH (security_invoker='true') AS
 SELECT s.schemaname,
    s.relname AS tablename,
    s.indexrelname AS indexname,
    s.idx_scan AS scans,
    s.idx_tup_read AS tuples_read,
    s.idx_tup_fetch AS tuples_fetched,
    i.indisunique AS is_unique,
    i.indisvalid AS is_valid,
    (i.indexrelid IN ( SELECT c.conindid
           FROM pg_constraint c)) AS backs_constraint,
    pg_relation_size((i.indexrelid)::regclass) AS size_bytes,
        CASE
            WHEN (s.idx_scan = 0) THEN 'never used'::text
            WHEN (s.idx_scan < 10) THEN 'rarely used'::text
            WHEN (s.idx_scan < 100) THEN 'moderately used'::text
            ELSE 'frequently used'::text
        END AS usage_level
   FROM (pg_stat_user_indexes s
     JOIN pg_index i ON ((s.indexrelid = i.indexrelid)));

-- Name: VIEW index_usage_stats; Type: COMMENT; Schema: public
COMMENT ON VIEW public.index_usage_stats IS 'One row for each index of a user table, with its use since pg_stat_database.stats_reset. Before an index is dropped as unused: each standby counts its own use, a yearly report may be due, and one that backs a constraint serves that without a scan.';

-- Name: COLUMN index_usage_stats.schemaname; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.index_usage_stats.schemaname IS 'Schema of the table and of its index.';

-- Name: COLUMN index_usage_stats.tablename; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.index_usage_stats.tablename IS 'Table that is indexed.';

-- Name: COLUMN index_usage_stats.indexname; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.index_usage_stats.indexname IS 'Name of the index.';

-- Name: COLUMN index_usage_stats.scans; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.index_usage_stats.scans IS 'Scans that were begun, by statements and by the checks of references.';

-- Name: COLUMN index_usage_stats.tuples_read; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.index_usage_stats.tuples_read IS 'Entries that the scans returned.';

-- Name: COLUMN index_usage_stats.tuples_fetched; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.index_usage_stats.tuples_fetched IS 'Live table rows fetched by plain index scans; bitmap and index-only scans do not count here.';

-- Name: COLUMN index_usage_stats.is_unique; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.index_usage_stats.is_unique IS 'Whether the index enforces uniqueness.';

-- Name: COLUMN index_usage_stats.is_valid; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.index_usage_stats.is_valid IS 'False for what a failed CREATE INDEX CONCURRENTLY left: maintained, but not used by queries.';

-- Name: COLUMN index_usage_stats.backs_constraint; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.index_usage_stats.backs_constraint IS 'Whether a primary key, a unique or exclusion constraint, or a reference to its columns needs it.';

-- Name: COLUMN index_usage_stats.size_bytes; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.index_usage_stats.size_bytes IS 'Size on disk in bytes. Reading it waits for the lock of an index that is being rebuilt.';

-- Name: COLUMN index_usage_stats.usage_level; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.index_usage_stats.usage_level IS 'By scans: never used (0), rarely used (below 10), moderately used (below 100), frequently used.';

-- Name: provider_models; Type: TABLE; Schema: public
CREATE TABLE public.provider_models (
    id integer NOT NULL,
    provider text NOT NULL,
    model_name text NOT NULL,
    task_types jsonb NOT NULL,
    cost_per_credit integer,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_provider_models_cost_per_credit_not_negative CHECK ((cost_per_credit >= 0)),
    CONSTRAINT ck_provider_models_model_name_length CHECK ((char_length(model_name) <= 100)),
    CONSTRAINT ck_provider_models_model_name_not_blank CHECK (public.not_blank(model_name)),
    CONSTRAINT ck_provider_models_task_types_distinct CHECK (public.has_distinct_elements(task_types)),
    CONSTRAINT ck_provider_models_task_types_names CHECK ((public.is_array_of_strings(task_types) AND (task_types <> '[]'::jsonb))),
    CONSTRAINT ck_provider_models_times_finite CHECK ((isfinite(created_at) AND isfinite(updated_at))),
    CONSTRAINT ck_provider_models_updated_not_before_created CHECK ((updated_at >= created_at))
);

-- Name: TABLE provider_models; Type: COMMENT; Schema: public
COMMENT ON TABLE public.provider_models IS 'Models that run tasks, each of one provider.';

-- Name: COLUMN provider_models.id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.provider_models.id IS 'Surrogate key: what tasks refer to. Differs between installations; seeds refer to natural keys.';

-- Name: COLUMN provider_models.provider; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.provider_models.provider IS 'The provider, by its name.';

-- Name: COLUMN provider_models.model_name; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.provider_models.model_name IS 'The model''s name in the provider''s API; unique for the provider.';

-- Name: COLUMN provider_models.task_types; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.provider_models.task_types IS 'Names of the task types it serves: a non-empty array of distinct task_types.type_name. Triggers of migration 0014 hold it to existing ones.';

-- Name: COLUMN provider_models.cost_per_credit; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.provider_models.cost_per_credit IS 'Credits that a call costs; NULL leaves it to the task type.';

-- Name: COLUMN provider_models.is_active; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.provider_models.is_active IS 'Whether new tasks may go to it.';

-- Name: COLUMN provider_models.created_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.provider_models.created_at IS 'When the row was made; never later than the server''s clock.';

-- Name: COLUMN provider_models.updated_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.provider_models.updated_at IS 'When the row was last written; kept by a trigger.';

-- Name: provider_models_id_seq; Type: SEQUENCE; Schema: public
ALTER TABLE public.provider_models ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.provider_models_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: slow_queries_analysis; Type: VIEW; Schema: public
CREATE VIEW public.slow_queries_analysis WITH (security_invoker='true') AS
 SELECT query,
    calls,
    total_time,
    mean_time,
    stddev_time,
    max_time,
    rows,
    hit_percent,
    role_name,
    query_id
   FROM public.statement_statistics() s(role_name, query_id, query, calls, total_time, mean_time, stddev_time, max_time, rows, hit_percent)
  WHERE (mean_time > (100)::double precision)
  ORDER BY mean_time DESC;

-- Name: VIEW slow_queries_analysis; Type: COMMENT; Schema: public
COMMENT ON VIEW public.slow_queries_analysis IS 'Statements of this database that take more than 100 ms on average, slowest first, since pg_stat_statements was last reset. If it is empty, SELECT statement_statistics_status() says whether anything is measured. Other roles'' texts need membership in pg_read_all_stats.';

-- Name: COLUMN slow_queries_analysis.query; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.slow_queries_analysis.query IS 'Text of the statement with its constants replaced, or <insufficient privilege>.';

-- Name: COLUMN slow_queries_analysis.calls; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.slow_queries_analysis.calls IS 'How often the statement was executed.';

-- Name: COLUMN slow_queries_analysis.total_time; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.slow_queries_analysis.total_time IS 'Time spent executing it, planning left out, in milliseconds.';

-- Name: COLUMN slow_queries_analysis.mean_time; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.slow_queries_analysis.mean_time IS 'Average time of a call, in milliseconds.';

-- Name: COLUMN slow_queries_analysis.stddev_time; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.slow_queries_analysis.stddev_time IS 'Standard deviation of the time of a call, in milliseconds; high where parameters or waits decide.';

-- Name: COLUMN slow_queries_analysis.max_time; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.slow_queries_analysis.max_time IS 'Time of the longest call, in milliseconds.';

-- Name: COLUMN slow_queries_analysis.rows; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.slow_queries_analysis.rows IS 'Rows returned or changed by all calls.';

-- Name: COLUMN slow_queries_analysis.hit_percent; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.slow_queries_analysis.hit_percent IS 'How many of the table and index blocks that it asked for were in shared buffers, in percent; NULL where it asked for none.';

-- Name: COLUMN slow_queries_analysis.role_name; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.slow_queries_analysis.role_name IS 'The role that executed it; each has its own row. NULL if the role was dropped since.';

-- Name: COLUMN slow_queries_analysis.query_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.slow_queries_analysis.query_id IS 'The statement''s number, as in pg_stat_activity.query_id; NULL where its text may not be seen.';

-- Name: subscription_tiers; Type: TABLE; Schema: public
CREATE TABLE public.subscription_tiers (
    id integer NOT NULL,
    tier_name text NOT NULL,
    monthly_credits integer,
    max_agents integer,
    monthly_price_cents integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_subscription_tiers_max_agents_not_negative CHECK ((max_agents >= 0)),
    CONSTRAINT ck_subscription_tiers_monthly_credits_not_negative CHECK ((monthly_credits >= 0)),
    CONSTRAINT ck_subscription_tiers_monthly_price_cents_not_negative CHECK ((monthly_price_cents >= 0)),
    CONSTRAINT ck_subscription_tiers_tier_name_slug CHECK (public.is_slug(tier_name)),
    CONSTRAINT ck_subscription_tiers_times_finite CHECK ((isfinite(created_at) AND isfinite(updated_at))),
    CONSTRAINT ck_subscription_tiers_updated_not_before_created CHECK ((updated_at >= created_at))
);

-- Name: TABLE subscription_tiers; Type: COMMENT; Schema: public
COMMENT ON TABLE public.subscription_tiers IS 'Subscriptions: what a user gets each month, and for how much.';

-- Name: COLUMN subscription_tiers.id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.subscription_tiers.id IS 'Surrogate key: what users refer to. Differs between installations; seeds refer to natural keys.';

-- Name: COLUMN subscription_tiers.tier_name; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.subscription_tiers.tier_name IS 'Natural key, in snake_case.';

-- Name: COLUMN subscription_tiers.monthly_credits; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.subscription_tiers.monthly_credits IS 'Credits granted each month; NULL is unlimited.';

-- Name: COLUMN subscription_tiers.max_agents; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.subscription_tiers.max_agents IS 'How many agents a user may have; NULL is unlimited.';

-- Name: COLUMN subscription_tiers.monthly_price_cents; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.subscription_tiers.monthly_price_cents IS 'Price of a month in cents; 0 is free.';

-- Name: COLUMN subscription_tiers.created_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.subscription_tiers.created_at IS 'When the row was made; never later than the server''s clock.';

-- Name: COLUMN subscription_tiers.updated_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.subscription_tiers.updated_at IS 'When the row was last written; kept by a trigger.';

-- Name: subscription_tiers_id_seq; Type: SEQUENCE; Schema: public
ALTER TABLE public.subscription_tiers ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.subscription_tiers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: task_types; Type: TABLE; Schema: public
CREATE TABLE public.task_types (
    id integer NOT NULL,
    type_name text NOT NULL,
    description text NOT NULL,
    category text NOT NULL,
    default_credit_cost integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_task_types_category CHECK ((category = ANY (ARRAY['content'::text, 'marketing'::text, 'development'::text, 'visual'::text, 'design'::text, 'audio'::text, 'video'::text, 'analytics'::text]))),
    CONSTRAINT ck_task_types_default_credit_cost_not_negative CHECK ((default_credit_cost >= 0)),
    CONSTRAINT ck_task_types_description_length CHECK ((char_length(description) <= 500)),
    CONSTRAINT ck_task_types_description_not_blank CHECK (public.not_blank(description)),
    CONSTRAINT ck_task_types_times_finite CHECK ((isfinite(created_at) AND isfinite(updated_at))),
    CONSTRAINT ck_task_types_type_name_slug CHECK (public.is_slug(type_name)),
    CONSTRAINT ck_task_types_updated_not_before_created CHECK ((updated_at >= created_at))
);

-- Name: TABLE task_types; Type: COMMENT; Schema: public
COMMENT ON TABLE public.task_types IS 'Kinds of AI work: text, image, audio, video, analytics.';

-- Name: COLUMN task_types.id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.task_types.id IS 'Surrogate key: what tasks refer to. Differs between installations; seeds refer to natural keys.';

-- Name: COLUMN task_types.type_name; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.task_types.type_name IS 'Natural key, in snake_case; provider_models.task_types lists it.';

-- Name: COLUMN task_types.description; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.task_types.description IS 'What a task of this type does, for people.';

-- Name: COLUMN task_types.category; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.task_types.category IS 'Group under which the type is offered.';

-- Name: COLUMN task_types.default_credit_cost; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.task_types.default_credit_cost IS 'Credits that a task costs where its model has no price of its own.';

-- Name: COLUMN task_types.created_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.task_types.created_at IS 'When the row was made; never later than the server''s clock.';

-- Name: COLUMN task_types.updated_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.task_types.updated_at IS 'When the row was last written; kept by a trigger.';

-- Name: task_types_id_seq; Type: SEQUENCE; Schema: public
ALTER TABLE public.task_types ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.task_types_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: tasks; Type: TABLE; Schema: public
CREATE TABLE public.tasks (
    id public.valid_uuid DEFAULT public.new_id() NOT NULL,
    user_id bigint NOT NULL,
    task_type_id integer,
    provider_model_id integer,
    campaign_id public.valid_uuid,
    status text DEFAULT 'pending'::text NOT NULL,
    priority text DEFAULT 'medium'::text NOT NULL,
    credit_cost integer NOT NULL,
    estimated_cost integer,
    request_payload jsonb NOT NULL,
    result_payload jsonb,
    error_message text,
    error_code text,
    execution_time_ms integer,
    retry_count integer DEFAULT 0 NOT NULL,
    scheduled_at timestamp with time zone,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_tasks_completed_needs_completed_at CHECK (((status <> 'completed'::text) OR (completed_at IS NOT NULL))),
    CONSTRAINT ck_tasks_completed_not_before_created CHECK ((completed_at >= (created_at - '00:05:00'::interval))),
    CONSTRAINT ck_tasks_completed_not_before_started CHECK ((completed_at >= started_at)),
    CONSTRAINT ck_tasks_credit_cost_not_negative CHECK ((credit_cost >= 0)),
    CONSTRAINT ck_tasks_error_code_form CHECK (
CASE
    WHEN (char_length(error_code) > 50) THEN true
    ELSE (error_code ~ '^[a-z0-9]+(_[a-z0-9]+)*$'::text)
END),
    CONSTRAINT ck_tasks_error_code_length CHECK ((char_length(error_code) <= 50)),
    CONSTRAINT ck_tasks_error_message_not_blank CHECK (public.not_blank(error_message)),
    CONSTRAINT ck_tasks_estimated_cost_not_negative CHECK ((estimated_cost >= 0)),
    CONSTRAINT ck_tasks_execution_time_ms_not_negative CHECK ((execution_time_ms >= 0)),
    CONSTRAINT ck_tasks_expires_after_created CHECK ((expires_at > created_at)),
    CONSTRAINT ck_tasks_failed_needs_error_message CHECK (((status <> 'failed'::text) OR (error_message IS NOT NULL))),
    CONSTRAINT ck_tasks_priority CHECK ((priority = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text, 'urgent'::text]))),
    CONSTRAINT ck_tasks_processing_needs_started_at CHECK (((status <> 'processing'::text) OR (started_at IS NOT NULL))),
    CONSTRAINT ck_tasks_request_payload_object CHECK (((jsonb_typeof(request_payload) = 'object'::text) AND (request_payload <> '{}'::jsonb))),
    CONSTRAINT ck_tasks_result_payload_document CHECK ((jsonb_typeof(result_payload) = ANY (ARRAY['object'::text, 'array'::text]))),
    CONSTRAINT ck_tasks_retry_count_range CHECK (((retry_count >= 0) AND (retry_count <= 5))),
    CONSTRAINT ck_tasks_scheduled_not_before_created CHECK ((scheduled_at >= (created_at - '00:05:00'::interval))),
    CONSTRAINT ck_tasks_started_not_before_created CHECK ((started_at >= (created_at - '00:05:00'::interval))),
    CONSTRAINT ck_tasks_status CHECK ((status = ANY (ARRAY['pending'::text, 'queued'::text, 'processing'::text, 'retrying'::text, 'completed'::text, 'failed'::text, 'cancelled'::text, 'expired'::text]))),
    CONSTRAINT ck_tasks_times_finite CHECK ((isfinite(scheduled_at) AND isfinite(started_at) AND isfinite(completed_at) AND isfinite(expires_at) AND isfinite(created_at) AND isfinite(updated_at))),
    CONSTRAINT ck_tasks_updated_not_before_created CHECK ((updated_at >= created_at))
)
WITH (fillfactor='80');

-- Name: TABLE tasks; Type: COMMENT; Schema: public
COMMENT ON TABLE public.tasks IS 'AI work: what is asked, by whom, at what cost, and what came of it. Also the workers'' queue. Pages are filled to 80 % so that a task''s changes of status, which touch no index, stay on its page.';

-- Name: COLUMN tasks.id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.id IS 'Time-ordered identifier.';

-- Name: COLUMN tasks.user_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.user_id IS 'The owner, who pays.';

-- Name: COLUMN tasks.task_type_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.task_type_id IS 'Kind of work.';

-- Name: COLUMN tasks.provider_model_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.provider_model_id IS 'Model that runs it; NULL until one is chosen.';

-- Name: COLUMN tasks.campaign_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.campaign_id IS 'Campaign that it is filed under, of the same user; NULL is none.';

-- Name: COLUMN tasks.status; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.status IS 'Where it is in its life.';

-- Name: COLUMN tasks.priority; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.priority IS 'How soon workers take it.';

-- Name: COLUMN tasks.credit_cost; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.credit_cost IS 'Credits that it costs.';

-- Name: COLUMN tasks.estimated_cost; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.estimated_cost IS 'Credits that it was thought to cost beforehand.';

-- Name: COLUMN tasks.request_payload; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.request_payload IS 'What is asked of the model: a non-empty object.';

-- Name: COLUMN tasks.result_payload; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.result_payload IS 'What the model answered: an object or an array.';

-- Name: COLUMN tasks.error_message; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.error_message IS 'What went wrong, for people.';

-- Name: COLUMN tasks.error_code; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.error_code IS 'What went wrong, for programs; in lower-case words joined by underscores.';

-- Name: COLUMN tasks.execution_time_ms; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.execution_time_ms IS 'How long the model took, in milliseconds.';

-- Name: COLUMN tasks.retry_count; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.retry_count IS 'How often it was tried again.';

-- Name: COLUMN tasks.scheduled_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.scheduled_at IS 'Not to be run before; NULL is at once.';

-- Name: COLUMN tasks.started_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.started_at IS 'When a worker took it.';

-- Name: COLUMN tasks.completed_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.completed_at IS 'When it ended, whatever the outcome.';

-- Name: COLUMN tasks.expires_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.expires_at IS 'When it, and its result, may be forgotten.';

-- Name: COLUMN tasks.created_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.created_at IS 'When the row was made; never later than the server''s clock. An event may lie up to 5 minutes before it: clocks of clients differ.';

-- Name: COLUMN tasks.updated_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.tasks.updated_at IS 'When the row was last written; kept by a trigger.';

-- Name: unfinished_tasks; Type: VIEW; Schema: public
CREATE VIEW public.unfinished_tasks WITH (security_invoker='true') AS
 SELECT id,
    user_id,
    task_type_id,
    provider_model_id,
    campaign_id,
    status,
    priority,
    credit_cost,
    estimated_cost,
    request_payload,
    result_payload,
    error_message,
    error_code,
    execution_time_ms,
    retry_count,
    scheduled_at,
    started_at,
    completed_at,
    expires_at,
    created_at,
    updated_at,
        CASE priority
            WHEN 'urgent'::text THEN 1
            WHEN 'high'::text THEN 2
            WHEN 'medium'::text THEN 3
            ELSE 4
        END AS priority_order,
    COALESCE(scheduled_at, created_at) AS due_at
   FROM public.tasks t
  WHERE (completed_at IS NULL);

-- Name: VIEW unfinished_tasks; Type: COMMENT; Schema: public
COMMENT ON VIEW public.unfinished_tasks IS 'The tasks that have not ended: what the queue, the workers and the live view of a dashboard ask. Lock rows (FOR UPDATE SKIP LOCKED) and update them through it; a task leaves it when completed_at is set.';

-- Name: COLUMN unfinished_tasks.id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.id IS 'As in tasks.';

-- Name: COLUMN unfinished_tasks.user_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.user_id IS 'As in tasks.';

-- Name: COLUMN unfinished_tasks.task_type_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.task_type_id IS 'As in tasks.';

-- Name: COLUMN unfinished_tasks.provider_model_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.provider_model_id IS 'As in tasks.';

-- Name: COLUMN unfinished_tasks.campaign_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.campaign_id IS 'As in tasks.';

-- Name: COLUMN unfinished_tasks.status; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.status IS 'As in tasks.';

-- Name: COLUMN unfinished_tasks.priority; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.priority IS 'As in tasks.';

-- Name: COLUMN unfinished_tasks.credit_cost; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.credit_cost IS 'As in tasks.';

-- Name: COLUMN unfinished_tasks.estimated_cost; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.estimated_cost IS 'As in tasks.';

-- Name: COLUMN unfinished_tasks.request_payload; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.request_payload IS 'As in tasks.';

-- Name: COLUMN unfinished_tasks.result_payload; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.result_payload IS 'As in tasks.';

-- Name: COLUMN unfinished_tasks.error_message; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.error_message IS 'As in tasks.';

-- Name: COLUMN unfinished_tasks.error_code; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.error_code IS 'As in tasks.';

-- Name: COLUMN unfinished_tasks.execution_time_ms; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.execution_time_ms IS 'As in tasks.';

-- Name: COLUMN unfinished_tasks.retry_count; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.retry_count IS 'As in tasks.';

-- Name: COLUMN unfinished_tasks.scheduled_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.scheduled_at IS 'As in tasks.';

-- Name: COLUMN unfinished_tasks.started_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.started_at IS 'As in tasks.';

-- Name: COLUMN unfinished_tasks.completed_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.completed_at IS 'NULL; set it to end the task.';

-- Name: COLUMN unfinished_tasks.expires_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.expires_at IS 'As in tasks.';

-- Name: COLUMN unfinished_tasks.created_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.created_at IS 'As in tasks.';

-- Name: COLUMN unfinished_tasks.updated_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.updated_at IS 'As in tasks.';

-- Name: COLUMN unfinished_tasks.priority_order; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.priority_order IS '1 urgent, 2 high, 3 medium, 4 low: the order of the queue, then due_at, then id.';

-- Name: COLUMN unfinished_tasks.due_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.unfinished_tasks.due_at IS 'Since when it may run: scheduled_at, else created_at.';

-- Name: users; Type: TABLE; Schema: public
CREATE TABLE public.users (
    id bigint NOT NULL,
    email public.valid_email NOT NULL,
    google_id text,
    password_hash text,
    full_name text,
    avatar_url public.valid_url,
    credit_balance integer DEFAULT 0 NOT NULL,
    subscription_tier_id integer,
    is_active boolean DEFAULT true NOT NULL,
    is_admin boolean DEFAULT false NOT NULL,
    preferences jsonb,
    last_login_at timestamp with time zone,
    email_verified_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_users_credit_balance_not_negative CHECK ((credit_balance >= 0)),
    CONSTRAINT ck_users_email_verified_not_before_created CHECK ((email_verified_at >= (created_at - '00:05:00'::interval))),
    CONSTRAINT ck_users_full_name_length CHECK ((char_length(full_name) <= 255)),
    CONSTRAINT ck_users_full_name_not_blank CHECK (public.not_blank(full_name)),
    CONSTRAINT ck_users_google_id_length CHECK ((char_length(google_id) <= 255)),
    CONSTRAINT ck_users_google_id_not_blank CHECK (public.not_blank(google_id)),
    CONSTRAINT ck_users_last_login_not_before_created CHECK ((last_login_at >= (created_at - '00:05:00'::interval))),
    CONSTRAINT ck_users_password_hash_form CHECK (
CASE
    WHEN (char_length(password_hash) > 255) THEN true
    ELSE (password_hash ~ '^\$[A-Za-z0-9][A-Za-z0-9,=_-]*(\$[A-Za-z0-9./+=,_-]*)*\$[A-Za-z0-9./+=,_-]+$'::text)
END),
    CONSTRAINT ck_users_password_hash_length CHECK (((char_length(password_hash) >= 20) AND (char_length(password_hash) <= 255))),
    CONSTRAINT ck_users_preferences_object CHECK ((jsonb_typeof(preferences) = 'object'::text)),
    CONSTRAINT ck_users_times_finite CHECK ((isfinite(last_login_at) AND isfinite(email_verified_at) AND isfinite(created_at) AND isfinite(updated_at))),
    CONSTRAINT ck_users_updated_not_before_created CHECK ((updated_at >= created_at))
);

-- Name: TABLE users; Type: COMMENT; Schema: public
COMMENT ON TABLE public.users IS 'People who use the platform. The tenant: deleting one deletes all that the user owns.';

-- Name: COLUMN users.id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.users.id IS 'Surrogate key; as user_id it marks everything that the user owns.';

-- Name: COLUMN users.email; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.users.email IS 'Address to log in with; one account each.';

-- Name: COLUMN users.google_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.users.google_id IS 'Google''s subject identifier, for those who log in with Google.';

-- Name: COLUMN users.password_hash; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.users.password_hash IS 'Salted hash in modular-crypt or PHC form; NULL for those who log in elsewhere.';

-- Name: COLUMN users.full_name; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.users.full_name IS 'Name as the user gave it.';

-- Name: COLUMN users.avatar_url; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.users.avatar_url IS 'Picture of the user.';

-- Name: COLUMN users.credit_balance; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.users.credit_balance IS 'Credits left to spend; never in debt.';

-- Name: COLUMN users.subscription_tier_id; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.users.subscription_tier_id IS 'Subscription; NULL is none.';

-- Name: COLUMN users.is_active; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.users.is_active IS 'Whether the user may log in.';

-- Name: COLUMN users.is_admin; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.users.is_admin IS 'Whether the user may administer the platform.';

-- Name: COLUMN users.preferences; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.users.preferences IS 'Settings of the user interface: an object.';

-- Name: COLUMN users.last_login_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.users.last_login_at IS 'When the user last logged in.';

-- Name: COLUMN users.email_verified_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.users.email_verified_at IS 'When the address was proved to be the user''s; NULL if it was not.';

-- Name: COLUMN users.created_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.users.created_at IS 'When the row was made; never later than the server''s clock. An event may lie up to 5 minutes before it: clocks of clients differ.';

-- Name: COLUMN users.updated_at; Type: COMMENT; Schema: public
COMMENT ON COLUMN public.users.updated_at IS 'When the row was last written; kept by a trigger.';

-- Name: CONSTRAINT ck_users_password_hash_form ON users; Type: COMMENT; Schema: public
COMMENT ON CONSTRAINT ck_users_password_hash_form ON public.users IS '$2b$12$..., $argon2id$v=19$...: a scheme and at least one more part, between dollar signs. A password stored by mistake is not of this form.';

-- Name: users_id_seq; Type: SEQUENCE; Schema: public
ALTER TABLE public.users ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: agent_categories pk_agent_categories; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.agent_categories
    ADD CONSTRAINT pk_agent_categories PRIMARY KEY (id);

-- Name: agent_types pk_agent_types; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.agent_types
    ADD CONSTRAINT pk_agent_types PRIMARY KEY (id);

-- Name: agents pk_agents; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.agents
    ADD CONSTRAINT pk_agents PRIMARY KEY (id);

-- Name: ai_providers pk_ai_providers; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.ai_providers
    ADD CONSTRAINT pk_ai_providers PRIMARY KEY (id);

-- Name: api_keys pk_api_keys; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT pk_api_keys PRIMARY KEY (id);

-- Name: campaign_types pk_campaign_types; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.campaign_types
    ADD CONSTRAINT pk_campaign_types PRIMARY KEY (id);

-- Name: campaigns pk_campaigns; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.campaigns
    ADD CONSTRAINT pk_campaigns PRIMARY KEY (id);

-- Name: generated_content pk_generated_content; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.generated_content
    ADD CONSTRAINT pk_generated_content PRIMARY KEY (id);

-- Name: provider_models pk_provider_models; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.provider_models
    ADD CONSTRAINT pk_provider_models PRIMARY KEY (id);

-- Name: subscription_tiers pk_subscription_tiers; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.subscription_tiers
    ADD CONSTRAINT pk_subscription_tiers PRIMARY KEY (id);

-- Name: task_types pk_task_types; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.task_types
    ADD CONSTRAINT pk_task_types PRIMARY KEY (id);

-- Name: tasks pk_tasks; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT pk_tasks PRIMARY KEY (id);

-- Name: users pk_users; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.users
    ADD CONSTRAINT pk_users PRIMARY KEY (id);

-- Name: agent_categories uq_agent_categories_category_name; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.agent_categories
    ADD CONSTRAINT uq_agent_categories_category_name UNIQUE (category_name);

-- Name: agent_types uq_agent_types_category_id_id; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.agent_types
    ADD CONSTRAINT uq_agent_types_category_id_id UNIQUE (category_id, id);

-- Name: CONSTRAINT uq_agent_types_category_id_id ON agent_types; Type: COMMENT; Schema: public
COMMENT ON CONSTRAINT uq_agent_types_category_id_id ON public.agent_types IS 'For agents to refer to a type and its category as one; backs fk_agent_types_category_id as well.';

-- Name: agent_types uq_agent_types_type_name; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.agent_types
    ADD CONSTRAINT uq_agent_types_type_name UNIQUE (type_name);

-- Name: ai_providers uq_ai_providers_provider_name; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.ai_providers
    ADD CONSTRAINT uq_ai_providers_provider_name UNIQUE (provider_name);

-- Name: api_keys uq_api_keys_user_id_key_hash; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT uq_api_keys_user_id_key_hash UNIQUE (user_id, key_hash);

-- Name: CONSTRAINT uq_api_keys_user_id_key_hash ON api_keys; Type: COMMENT; Schema: public
COMMENT ON CONSTRAINT uq_api_keys_user_id_key_hash ON public.api_keys IS 'A user stores a key once; serves playground_key_by_hash and fk_api_keys_user_id.';

-- Name: api_keys uq_api_keys_user_id_provider_id_key_name; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT uq_api_keys_user_id_provider_id_key_name UNIQUE (user_id, provider_id, key_name);

-- Name: campaign_types uq_campaign_types_type_name; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.campaign_types
    ADD CONSTRAINT uq_campaign_types_type_name UNIQUE (type_name);

-- Name: generated_content uq_generated_content_task_id; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.generated_content
    ADD CONSTRAINT uq_generated_content_task_id UNIQUE (task_id);

-- Name: provider_models uq_provider_models_provider_model_name; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.provider_models
    ADD CONSTRAINT uq_provider_models_provider_model_name UNIQUE (provider, model_name);

-- Name: subscription_tiers uq_subscription_tiers_tier_name; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.subscription_tiers
    ADD CONSTRAINT uq_subscription_tiers_tier_name UNIQUE (tier_name);

-- Name: task_types uq_task_types_type_name; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.task_types
    ADD CONSTRAINT uq_task_types_type_name UNIQUE (type_name);

-- Name: users uq_users_email; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.users
    ADD CONSTRAINT uq_users_email UNIQUE (email);

-- Name: users uq_users_google_id; Type: CONSTRAINT; Schema: public
ALTER TABLE ONLY public.users
    ADD CONSTRAINT uq_users_google_id UNIQUE (google_id);

-- Name: idx_agents_category_id_type_id; Type: INDEX; Schema: public
CREATE INDEX idx_agents_category_id_type_id ON public.agents USING btree (category_id, type_id);

-- Name: INDEX idx_agents_category_id_type_id; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_agents_category_id_type_id IS 'Serves the references fk_agents_category_id and fk_agents_type_id alone: a category or type in use cannot be deleted.';

-- Name: idx_agents_public_category_best; Type: INDEX; Schema: public
CREATE INDEX idx_agents_public_category_best ON public.agents USING btree (category_id, COALESCE(success_rate, ('-1'::integer)::numeric), id) WHERE is_public;

-- Name: INDEX idx_agents_public_category_best; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_agents_public_category_best IS 'Serves the query agents_marketplace_by_category.';

-- Name: idx_agents_public_most_executed; Type: INDEX; Schema: public
CREATE INDEX idx_agents_public_most_executed ON public.agents USING btree (execution_count, id) WHERE is_public;

-- Name: INDEX idx_agents_public_most_executed; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_agents_public_most_executed IS 'Serves the query agents_marketplace_most_executed.';

-- Name: idx_agents_public_name_trigrams; Type: INDEX; Schema: public
CREATE INDEX idx_agents_public_name_trigrams ON public.agents USING gin (name public.gin_trgm_ops) WHERE is_public;

-- Name: INDEX idx_agents_public_name_trigrams; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_agents_public_name_trigrams IS 'Serves the query agents_search_by_name. Requires extension pg_trgm.';

-- Name: idx_agents_public_newest; Type: INDEX; Schema: public
CREATE INDEX idx_agents_public_newest ON public.agents USING btree (published_at, id) WHERE is_public;

-- Name: INDEX idx_agents_public_newest; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_agents_public_newest IS 'Serves the query agents_marketplace_newest.';

-- Name: idx_agents_public_tags; Type: INDEX; Schema: public
CREATE INDEX idx_agents_public_tags ON public.agents USING gin (tags) WHERE is_public;

-- Name: INDEX idx_agents_public_tags; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_agents_public_tags IS 'Serves the query agents_by_tag.';

-- Name: idx_agents_public_type_best; Type: INDEX; Schema: public
CREATE INDEX idx_agents_public_type_best ON public.agents USING btree (type_id, COALESCE(success_rate, ('-1'::integer)::numeric), id) WHERE is_public;

-- Name: INDEX idx_agents_public_type_best; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_agents_public_type_best IS 'Serves the query agents_marketplace_by_type.';

-- Name: idx_agents_scheduled_least_recent; Type: INDEX; Schema: public
CREATE INDEX idx_agents_scheduled_least_recent ON public.agents USING btree (last_executed_at NULLS FIRST, id) WHERE ((agent_type = 'scheduled'::text) AND (status = 'active'::text));

-- Name: INDEX idx_agents_scheduled_least_recent; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_agents_scheduled_least_recent IS 'Serves the query agents_scheduled_due.';

-- Name: idx_agents_user_active_best; Type: INDEX; Schema: public
CREATE INDEX idx_agents_user_active_best ON public.agents USING btree (user_id, success_rate NULLS FIRST, id) WHERE (status = 'active'::text);

-- Name: INDEX idx_agents_user_active_best; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_agents_user_active_best IS 'Serves the query dashboard_active_agents.';

-- Name: idx_agents_user_category_status; Type: INDEX; Schema: public
CREATE INDEX idx_agents_user_category_status ON public.agents USING btree (user_id, category_id, status, created_at, id);

-- Name: INDEX idx_agents_user_category_status; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_agents_user_category_status IS 'Serves the query agents_by_category_and_status and the reference fk_agents_user_id.';

-- Name: idx_agents_user_most_executed; Type: INDEX; Schema: public
CREATE INDEX idx_agents_user_most_executed ON public.agents USING btree (user_id, execution_count, id);

-- Name: INDEX idx_agents_user_most_executed; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_agents_user_most_executed IS 'Serves the query agents_most_executed.';

-- Name: idx_api_keys_active_expiry; Type: INDEX; Schema: public
CREATE INDEX idx_api_keys_active_expiry ON public.api_keys USING btree (expires_at, id) WHERE (is_active AND (expires_at IS NOT NULL));

-- Name: INDEX idx_api_keys_active_expiry; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_api_keys_active_expiry IS 'Serves the query worker_expiring_keys.';

-- Name: idx_api_keys_active_least_validated; Type: INDEX; Schema: public
CREATE INDEX idx_api_keys_active_least_validated ON public.api_keys USING btree (last_validated_at NULLS FIRST, id) WHERE is_active;

-- Name: INDEX idx_api_keys_active_least_validated; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_api_keys_active_least_validated IS 'Serves the query worker_keys_to_validate.';

-- Name: idx_api_keys_provider_id; Type: INDEX; Schema: public
CREATE INDEX idx_api_keys_provider_id ON public.api_keys USING btree (provider_id);

-- Name: INDEX idx_api_keys_provider_id; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_api_keys_provider_id IS 'Serves the reference fk_api_keys_provider_id alone: a provider in use cannot be deleted.';

-- Name: idx_campaigns_active_end; Type: INDEX; Schema: public
CREATE INDEX idx_campaigns_active_end ON public.campaigns USING btree (end_date, id) WHERE (status = 'active'::text);

-- Name: INDEX idx_campaigns_active_end; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_campaigns_active_end IS 'Serves the query campaigns_ending_soon.';

-- Name: idx_campaigns_current_channels; Type: INDEX; Schema: public
CREATE INDEX idx_campaigns_current_channels ON public.campaigns USING gin (channels) WHERE (status = ANY (ARRAY['active'::text, 'scheduled'::text]));

-- Name: INDEX idx_campaigns_current_channels; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_campaigns_current_channels IS 'Serves the query campaigns_using_channel.';

-- Name: idx_campaigns_type_completed; Type: INDEX; Schema: public
CREATE INDEX idx_campaigns_type_completed ON public.campaigns USING btree (campaign_type_id, completed_at) INCLUDE (launched_at);

-- Name: INDEX idx_campaigns_type_completed; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_campaigns_type_completed IS 'Serves the query analytics_campaigns_completed and the reference fk_campaigns_campaign_type_id.';

-- Name: idx_campaigns_user_current; Type: INDEX; Schema: public
CREATE INDEX idx_campaigns_user_current ON public.campaigns USING btree (user_id, start_date, id) WHERE (status = ANY (ARRAY['active'::text, 'scheduled'::text]));

-- Name: INDEX idx_campaigns_user_current; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_campaigns_user_current IS 'Serves the query campaigns_active_and_scheduled.';

-- Name: idx_campaigns_user_newest; Type: INDEX; Schema: public
CREATE INDEX idx_campaigns_user_newest ON public.campaigns USING btree (user_id, created_at, id);

-- Name: INDEX idx_campaigns_user_newest; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_campaigns_user_newest IS 'Serves the query dashboard_latest_campaigns and the reference fk_campaigns_user_id.';

-- Name: idx_generated_content_expiry; Type: INDEX; Schema: public
CREATE INDEX idx_generated_content_expiry ON public.generated_content USING btree (expires_at, id) WHERE (expires_at IS NOT NULL);

-- Name: INDEX idx_generated_content_expiry; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_generated_content_expiry IS 'Serves the query worker_expired_content.';

-- Name: idx_generated_content_public_downloads; Type: INDEX; Schema: public
CREATE INDEX idx_generated_content_public_downloads ON public.generated_content USING btree (content_type, download_count, id) WHERE is_public;

-- Name: INDEX idx_generated_content_public_downloads; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_generated_content_public_downloads IS 'Serves the query analytics_most_downloaded.';

-- Name: idx_generated_content_public_newest; Type: INDEX; Schema: public
CREATE INDEX idx_generated_content_public_newest ON public.generated_content USING btree (created_at, id) WHERE is_public;

-- Name: INDEX idx_generated_content_public_newest; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_generated_content_public_newest IS 'Serves the query admin_public_gallery.';

-- Name: idx_generated_content_quality; Type: INDEX; Schema: public
CREATE INDEX idx_generated_content_quality ON public.generated_content USING btree (content_type, quality_score, id) WHERE (quality_score IS NOT NULL);

-- Name: INDEX idx_generated_content_quality; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_generated_content_quality IS 'Serves the query analytics_best_quality.';

-- Name: idx_generated_content_user_favourites; Type: INDEX; Schema: public
CREATE INDEX idx_generated_content_user_favourites ON public.generated_content USING btree (user_id, created_at, id) WHERE is_favorite;

-- Name: INDEX idx_generated_content_user_favourites; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_generated_content_user_favourites IS 'Serves the query playground_favourites.';

-- Name: idx_generated_content_user_newest; Type: INDEX; Schema: public
CREATE INDEX idx_generated_content_user_newest ON public.generated_content USING btree (user_id, created_at, id);

-- Name: INDEX idx_generated_content_user_newest; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_generated_content_user_newest IS 'Serves the queries playground_gallery and playground_content_by_tag.';

-- Name: idx_generated_content_user_task_size; Type: INDEX; Schema: public
CREATE INDEX idx_generated_content_user_task_size ON public.generated_content USING btree (user_id, task_id) INCLUDE (file_size_bytes);

-- Name: INDEX idx_generated_content_user_task_size; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_generated_content_user_task_size IS 'Serves the queries dashboard_storage_used, campaigns_content_of_campaign and the references fk_generated_content_user_id and fk_generated_content_task_id.';

-- Name: idx_generated_content_user_text; Type: INDEX; Schema: public
CREATE INDEX idx_generated_content_user_text ON public.generated_content USING gin (((to_tsvector('portuguese'::regconfig, regexp_replace("left"(content_text, 100000), '[-@_/]+'::text, ' '::text, 'g'::text)) || array_to_tsvector(ARRAY[('USER'::text || (user_id)::text)])))) WHERE (content_type = 'text'::text);

-- Name: INDEX idx_generated_content_user_text; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_generated_content_user_text IS 'Serves the query playground_search_text: the owner stands among the words, which are lower-case.';

-- Name: idx_generated_content_user_type_newest; Type: INDEX; Schema: public
CREATE INDEX idx_generated_content_user_type_newest ON public.generated_content USING btree (user_id, content_type, created_at, id);

-- Name: INDEX idx_generated_content_user_type_newest; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_generated_content_user_type_newest IS 'Serves the query playground_content_of_type.';

-- Name: idx_tasks_campaign_newest; Type: INDEX; Schema: public
CREATE INDEX idx_tasks_campaign_newest ON public.tasks USING btree (user_id, campaign_id, created_at, id) INCLUDE (credit_cost) WHERE (campaign_id IS NOT NULL);

-- Name: INDEX idx_tasks_campaign_newest; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_tasks_campaign_newest IS 'Serves the queries campaigns_tasks_of_campaign, campaigns_content_of_campaign and the reference fk_tasks_campaign_id.';

-- Name: idx_tasks_created; Type: INDEX; Schema: public
CREATE INDEX idx_tasks_created ON public.tasks USING btree (created_at) INCLUDE (user_id, provider_model_id, credit_cost);

-- Name: INDEX idx_tasks_created; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_tasks_created IS 'Serves the queries reporting_credits_by_tier, reporting_provider_share and reporting_top_users.';

-- Name: idx_tasks_failures; Type: INDEX; Schema: public
CREATE INDEX idx_tasks_failures ON public.tasks USING btree (completed_at) WHERE (error_message IS NOT NULL);

-- Name: INDEX idx_tasks_failures; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_tasks_failures IS 'Serves the query analytics_failures_by_code.';

-- Name: idx_tasks_model_latency; Type: INDEX; Schema: public
CREATE INDEX idx_tasks_model_latency ON public.tasks USING btree (provider_model_id, completed_at) INCLUDE (execution_time_ms);

-- Name: INDEX idx_tasks_model_latency; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_tasks_model_latency IS 'Serves the query analytics_model_latency and the reference fk_tasks_provider_model_id.';

-- Name: idx_tasks_queue; Type: INDEX; Schema: public
CREATE INDEX idx_tasks_queue ON public.tasks USING btree ((
CASE priority
    WHEN 'urgent'::text THEN 1
    WHEN 'high'::text THEN 2
    WHEN 'medium'::text THEN 3
    ELSE 4
END), COALESCE(scheduled_at, created_at), id) WHERE (completed_at IS NULL);

-- Name: INDEX idx_tasks_queue; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_tasks_queue IS 'Serves the queries worker_claim_tasks and worker_stuck_tasks.';

-- Name: idx_tasks_result_expiry; Type: INDEX; Schema: public
CREATE INDEX idx_tasks_result_expiry ON public.tasks USING btree (expires_at, id) WHERE ((result_payload IS NOT NULL) AND (expires_at IS NOT NULL));

-- Name: INDEX idx_tasks_result_expiry; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_tasks_result_expiry IS 'Serves the query worker_expired_results.';

-- Name: idx_tasks_scheduled; Type: INDEX; Schema: public
CREATE INDEX idx_tasks_scheduled ON public.tasks USING btree (scheduled_at, id) WHERE ((completed_at IS NULL) AND (scheduled_at IS NOT NULL));

-- Name: INDEX idx_tasks_scheduled; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_tasks_scheduled IS 'Serves the query worker_due_tasks.';

-- Name: idx_tasks_type_user_newest; Type: INDEX; Schema: public
CREATE INDEX idx_tasks_type_user_newest ON public.tasks USING btree (task_type_id, user_id, created_at, id);

-- Name: INDEX idx_tasks_type_user_newest; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_tasks_type_user_newest IS 'Serves the query playground_task_type_history and the reference fk_tasks_task_type_id.';

-- Name: idx_tasks_user_newest; Type: INDEX; Schema: public
CREATE INDEX idx_tasks_user_newest ON public.tasks USING btree (user_id, created_at, id) INCLUDE (provider_model_id, credit_cost);

-- Name: INDEX idx_tasks_user_newest; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_tasks_user_newest IS 'Serves the queries dashboard_recent_tasks, dashboard_recent_tasks_next_page, dashboard_task_counts, analytics_provider_usage, analytics_monthly_usage and the reference fk_tasks_user_id.';

-- Name: idx_tasks_user_unfinished; Type: INDEX; Schema: public
CREATE INDEX idx_tasks_user_unfinished ON public.tasks USING btree (user_id, created_at, id) WHERE (completed_at IS NULL);

-- Name: INDEX idx_tasks_user_unfinished; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_tasks_user_unfinished IS 'Serves the query dashboard_live_tasks.';

-- Name: idx_users_active_credit_balance; Type: INDEX; Schema: public
CREATE INDEX idx_users_active_credit_balance ON public.users USING btree (credit_balance, id) WHERE is_active;

-- Name: INDEX idx_users_active_credit_balance; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_users_active_credit_balance IS 'Serves the query admin_low_credit_users.';

-- Name: idx_users_email_trigrams; Type: INDEX; Schema: public
CREATE INDEX idx_users_email_trigrams ON public.users USING gin (email public.gin_trgm_ops);

-- Name: INDEX idx_users_email_trigrams; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_users_email_trigrams IS 'Serves the query admin_users_search. Requires extension pg_trgm.';

-- Name: idx_users_full_name_trigrams; Type: INDEX; Schema: public
CREATE INDEX idx_users_full_name_trigrams ON public.users USING gin (full_name public.gin_trgm_ops);

-- Name: INDEX idx_users_full_name_trigrams; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_users_full_name_trigrams IS 'Serves the query admin_users_search. Requires extension pg_trgm.';

-- Name: idx_users_last_login; Type: INDEX; Schema: public
CREATE INDEX idx_users_last_login ON public.users USING btree (last_login_at, id);

-- Name: INDEX idx_users_last_login; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_users_last_login IS 'Serves the query admin_inactive_users.';

-- Name: idx_users_newest; Type: INDEX; Schema: public
CREATE INDEX idx_users_newest ON public.users USING btree (created_at, id);

-- Name: INDEX idx_users_newest; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_users_newest IS 'Serves the queries admin_newest_users and reporting_signups.';

-- Name: idx_users_subscription_tier_id; Type: INDEX; Schema: public
CREATE INDEX idx_users_subscription_tier_id ON public.users USING btree (subscription_tier_id);

-- Name: INDEX idx_users_subscription_tier_id; Type: COMMENT; Schema: public
COMMENT ON INDEX public.idx_users_subscription_tier_id IS 'Serves the reference fk_users_subscription_tier_id alone: a tier in use cannot be deleted.';

-- Name: uq_api_keys_default; Type: INDEX; Schema: public
CREATE UNIQUE INDEX uq_api_keys_default ON public.api_keys USING btree (user_id, provider_id) WHERE is_default;

-- Name: INDEX uq_api_keys_default; Type: COMMENT; Schema: public
COMMENT ON INDEX public.uq_api_keys_default IS 'One default key for each user and provider; serves playground_default_key.';

-- Name: uq_campaigns_user_id_id; Type: INDEX; Schema: public
CREATE UNIQUE INDEX uq_campaigns_user_id_id ON public.campaigns USING btree (user_id, id);

-- Name: INDEX uq_campaigns_user_id_id; Type: COMMENT; Schema: public
COMMENT ON INDEX public.uq_campaigns_user_id_id IS 'For tasks to refer to a campaign of their own user alone.';

-- Name: uq_tasks_user_id_id; Type: INDEX; Schema: public
CREATE UNIQUE INDEX uq_tasks_user_id_id ON public.tasks USING btree (user_id, id);

-- Name: INDEX uq_tasks_user_id_id; Type: COMMENT; Schema: public
COMMENT ON INDEX public.uq_tasks_user_id_id IS 'For content to refer to a task of its own user alone.';

-- Name: st_tasks_status_completed_at; Type: STATISTICS; Schema: public
CREATE STATISTICS public.st_tasks_status_completed_at (mcv) ON status, completed_at FROM public.tasks;
ALTER STATISTICS public.st_tasks_status_completed_at SET STATISTICS 1000;

-- Name: STATISTICS st_tasks_status_completed_at; Type: COMMENT; Schema: public
COMMENT ON STATISTICS public.st_tasks_status_completed_at IS 'Whatever is queued is unfinished: without knowing, the planner expects no queued task among the unfinished and sorts them all in worker_claim_tasks.';

-- Name: agent_categories tr_agent_categories_row_times; Type: TRIGGER; Schema: public
CREATE TRIGGER tr_agent_categories_row_times BEFORE INSERT OR UPDATE ON public.agent_categories FOR EACH ROW EXECUTE FUNCTION public.row_times();

-- Name: TRIGGER tr_agent_categories_row_times ON agent_categories; Type: COMMENT; Schema: public
COMMENT ON TRIGGER tr_agent_categories_row_times ON public.agent_categories IS 'Keeps created_at and updated_at by the server''s clock.';

-- Name: agent_types tr_agent_types_row_times; Type: TRIGGER; Schema: public
CREATE TRIGGER tr_agent_types_row_times BEFORE INSERT OR UPDATE ON public.agent_types FOR EACH ROW EXECUTE FUNCTION public.row_times();

-- Name: TRIGGER tr_agent_types_row_times ON agent_types; Type: COMMENT; Schema: public
COMMENT ON TRIGGER tr_agent_types_row_times ON public.agent_types IS 'Keeps created_at and updated_at by the server''s clock.';

-- Name: agents tr_agents_row_times; Type: TRIGGER; Schema: public
CREATE TRIGGER tr_agents_row_times BEFORE INSERT OR UPDATE ON public.agents FOR EACH ROW EXECUTE FUNCTION public.row_times();

-- Name: TRIGGER tr_agents_row_times ON agents; Type: COMMENT; Schema: public
COMMENT ON TRIGGER tr_agents_row_times ON public.agents IS 'Keeps created_at and updated_at by the server''s clock.';

-- Name: ai_providers tr_ai_providers_row_times; Type: TRIGGER; Schema: public
CREATE TRIGGER tr_ai_providers_row_times BEFORE INSERT OR UPDATE ON public.ai_providers FOR EACH ROW EXECUTE FUNCTION public.row_times();

-- Name: TRIGGER tr_ai_providers_row_times ON ai_providers; Type: COMMENT; Schema: public
COMMENT ON TRIGGER tr_ai_providers_row_times ON public.ai_providers IS 'Keeps created_at and updated_at by the server''s clock.';

-- Name: api_keys tr_api_keys_row_times; Type: TRIGGER; Schema: public
CREATE TRIGGER tr_api_keys_row_times BEFORE INSERT OR UPDATE ON public.api_keys FOR EACH ROW EXECUTE FUNCTION public.row_times();

-- Name: TRIGGER tr_api_keys_row_times ON api_keys; Type: COMMENT; Schema: public
COMMENT ON TRIGGER tr_api_keys_row_times ON public.api_keys IS 'Keeps created_at and updated_at by the server''s clock.';

-- Name: campaign_types tr_campaign_types_row_times; Type: TRIGGER; Schema: public
CREATE TRIGGER tr_campaign_types_row_times BEFORE INSERT OR UPDATE ON public.campaign_types FOR EACH ROW EXECUTE FUNCTION public.row_times();

-- Name: TRIGGER tr_campaign_types_row_times ON campaign_types; Type: COMMENT; Schema: public
COMMENT ON TRIGGER tr_campaign_types_row_times ON public.campaign_types IS 'Keeps created_at and updated_at by the server''s clock.';

-- Name: campaigns tr_campaigns_row_times; Type: TRIGGER; Schema: public
CREATE TRIGGER tr_campaigns_row_times BEFORE INSERT OR UPDATE ON public.campaigns FOR EACH ROW EXECUTE FUNCTION public.row_times();

-- Name: TRIGGER tr_campaigns_row_times ON campaigns; Type: COMMENT; Schema: public
COMMENT ON TRIGGER tr_campaigns_row_times ON public.campaigns IS 'Keeps created_at and updated_at by the server''s clock.';

-- Name: generated_content tr_generated_content_row_times; Type: TRIGGER; Schema: public
CREATE TRIGGER tr_generated_content_row_times BEFORE INSERT OR UPDATE ON public.generated_content FOR EACH ROW EXECUTE FUNCTION public.row_times();

-- Name: TRIGGER tr_generated_content_row_times ON generated_content; Type: COMMENT; Schema: public
COMMENT ON TRIGGER tr_generated_content_row_times ON public.generated_content IS 'Keeps created_at and updated_at by the server''s clock.';

-- Name: provider_models tr_provider_models_list_existing; Type: TRIGGER; Schema: public
CREATE TRIGGER tr_provider_models_list_existing AFTER INSERT OR UPDATE OF task_types ON public.provider_models FOR EACH ROW EXECUTE FUNCTION public.provider_models_list_existing();

-- Name: TRIGGER tr_provider_models_list_existing ON provider_models; Type: COMMENT; Schema: public
COMMENT ON TRIGGER tr_provider_models_list_existing ON public.provider_models IS 'A model lists existing task types alone.';

-- Name: provider_models tr_provider_models_row_times; Type: TRIGGER; Schema: public
CREATE TRIGGER tr_provider_models_row_times BEFORE INSERT OR UPDATE ON public.provider_models FOR EACH ROW EXECUTE FUNCTION public.row_times();

-- Name: TRIGGER tr_provider_models_row_times ON provider_models; Type: COMMENT; Schema: public
COMMENT ON TRIGGER tr_provider_models_row_times ON public.provider_models IS 'Keeps created_at and updated_at by the server''s clock.';

-- Name: subscription_tiers tr_subscription_tiers_row_times; Type: TRIGGER; Schema: public
CREATE TRIGGER tr_subscription_tiers_row_times BEFORE INSERT OR UPDATE ON public.subscription_tiers FOR EACH ROW EXECUTE FUNCTION public.row_times();

-- Name: TRIGGER tr_subscription_tiers_row_times ON subscription_tiers; Type: COMMENT; Schema: public
COMMENT ON TRIGGER tr_subscription_tiers_row_times ON public.subscription_tiers IS 'Keeps created_at and updated_at by the server''s clock.';

-- Name: task_types tr_task_types_row_times; Type: TRIGGER; Schema: public
CREATE TRIGGER tr_task_types_row_times BEFORE INSERT OR UPDATE ON public.task_types FOR EACH ROW EXECUTE FUNCTION public.row_times();

-- Name: TRIGGER tr_task_types_row_times ON task_types; Type: COMMENT; Schema: public
COMMENT ON TRIGGER tr_task_types_row_times ON public.task_types IS 'Keeps created_at and updated_at by the server''s clock.';

-- Name: task_types tr_task_types_stay_listed; Type: TRIGGER; Schema: public
CREATE TRIGGER tr_task_types_stay_listed AFTER DELETE OR UPDATE OF type_name ON public.task_types FOR EACH ROW EXECUTE FUNCTION public.task_types_stay_listed();

-- Name: TRIGGER tr_task_types_stay_listed ON task_types; Type: COMMENT; Schema: public
COMMENT ON TRIGGER tr_task_types_stay_listed ON public.task_types IS 'A task type that a model lists is neither deleted nor renamed.';

-- Name: task_types tr_task_types_stay_with_models; Type: TRIGGER; Schema: public
CREATE TRIGGER tr_task_types_stay_with_models AFTER TRUNCATE ON public.task_types FOR EACH STATEMENT EXECUTE FUNCTION public.task_types_stay_with_models();

-- Name: TRIGGER tr_task_types_stay_with_models ON task_types; Type: COMMENT; Schema: public
COMMENT ON TRIGGER tr_task_types_stay_with_models ON public.task_types IS 'Task types are truncated together with the models that list them, or not at all.';

-- Name: tasks tr_tasks_row_times; Type: TRIGGER; Schema: public
CREATE TRIGGER tr_tasks_row_times BEFORE INSERT OR UPDATE ON public.tasks FOR EACH ROW EXECUTE FUNCTION public.row_times();

-- Name: TRIGGER tr_tasks_row_times ON tasks; Type: COMMENT; Schema: public
COMMENT ON TRIGGER tr_tasks_row_times ON public.tasks IS 'Keeps created_at and updated_at by the server''s clock.';

-- Name: users tr_users_row_times; Type: TRIGGER; Schema: public
CREATE TRIGGER tr_users_row_times BEFORE INSERT OR UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.row_times();

-- Name: TRIGGER tr_users_row_times ON users; Type: COMMENT; Schema: public
COMMENT ON TRIGGER tr_users_row_times ON public.users IS 'Keeps created_at and updated_at by the server''s clock.';

-- Name: agent_types fk_agent_types_category_id; Type: FK CONSTRAINT; Schema: public
ALTER TABLE ONLY public.agent_types
    ADD CONSTRAINT fk_agent_types_category_id FOREIGN KEY (category_id) REFERENCES public.agent_categories(id) ON DELETE RESTRICT;

-- Name: agents fk_agents_category_id; Type: FK CONSTRAINT; Schema: public
ALTER TABLE ONLY public.agents
    ADD CONSTRAINT fk_agents_category_id FOREIGN KEY (category_id) REFERENCES public.agent_categories(id) ON DELETE RESTRICT;

-- Name: agents fk_agents_type_id; Type: FK CONSTRAINT; Schema: public
ALTER TABLE ONLY public.agents
    ADD CONSTRAINT fk_agents_type_id FOREIGN KEY (category_id, type_id) REFERENCES public.agent_types(category_id, id) ON DELETE RESTRICT;

-- Name: CONSTRAINT fk_agents_type_id ON agents; Type: COMMENT; Schema: public
COMMENT ON CONSTRAINT fk_agents_type_id ON public.agents IS 'Both columns, so that an agent''s type is of the agent''s category.';

-- Name: agents fk_agents_user_id; Type: FK CONSTRAINT; Schema: public
ALTER TABLE ONLY public.agents
    ADD CONSTRAINT fk_agents_user_id FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: api_keys fk_api_keys_provider_id; Type: FK CONSTRAINT; Schema: public
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT fk_api_keys_provider_id FOREIGN KEY (provider_id) REFERENCES public.ai_providers(id) ON DELETE RESTRICT;

-- Name: api_keys fk_api_keys_user_id; Type: FK CONSTRAINT; Schema: public
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT fk_api_keys_user_id FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: campaigns fk_campaigns_campaign_type_id; Type: FK CONSTRAINT; Schema: public
ALTER TABLE ONLY public.campaigns
    ADD CONSTRAINT fk_campaigns_campaign_type_id FOREIGN KEY (campaign_type_id) REFERENCES public.campaign_types(id) ON DELETE RESTRICT;

-- Name: campaigns fk_campaigns_user_id; Type: FK CONSTRAINT; Schema: public
ALTER TABLE ONLY public.campaigns
    ADD CONSTRAINT fk_campaigns_user_id FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: generated_content fk_generated_content_task_id; Type: FK CONSTRAINT; Schema: public
ALTER TABLE ONLY public.generated_content
    ADD CONSTRAINT fk_generated_content_task_id FOREIGN KEY (user_id, task_id) REFERENCES public.tasks(user_id, id) ON DELETE CASCADE;

-- Name: CONSTRAINT fk_generated_content_task_id ON generated_content; Type: COMMENT; Schema: public
COMMENT ON CONSTRAINT fk_generated_content_task_id ON public.generated_content IS 'Both columns, so that content belongs to its task''s own user.';

-- Name: generated_content fk_generated_content_user_id; Type: FK CONSTRAINT; Schema: public
ALTER TABLE ONLY public.generated_content
    ADD CONSTRAINT fk_generated_content_user_id FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: provider_models fk_provider_models_provider; Type: FK CONSTRAINT; Schema: public
ALTER TABLE ONLY public.provider_models
    ADD CONSTRAINT fk_provider_models_provider FOREIGN KEY (provider) REFERENCES public.ai_providers(provider_name) ON UPDATE CASCADE ON DELETE RESTRICT;

-- Name: tasks fk_tasks_campaign_id; Type: FK CONSTRAINT; Schema: public
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT fk_tasks_campaign_id FOREIGN KEY (user_id, campaign_id) REFERENCES public.campaigns(user_id, id) ON DELETE SET NULL (campaign_id);

-- Name: CONSTRAINT fk_tasks_campaign_id ON tasks; Type: COMMENT; Schema: public
COMMENT ON CONSTRAINT fk_tasks_campaign_id ON public.tasks IS 'Both columns, so that a task is filed under its own user''s campaigns alone; deleting the campaign empties campaign_id and leaves the owner.';

-- Name: tasks fk_tasks_provider_model_id; Type: FK CONSTRAINT; Schema: public
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT fk_tasks_provider_model_id FOREIGN KEY (provider_model_id) REFERENCES public.provider_models(id) ON DELETE RESTRICT;

-- Name: tasks fk_tasks_task_type_id; Type: FK CONSTRAINT; Schema: public
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT fk_tasks_task_type_id FOREIGN KEY (task_type_id) REFERENCES public.task_types(id) ON DELETE RESTRICT;

-- Name: tasks fk_tasks_user_id; Type: FK CONSTRAINT; Schema: public
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT fk_tasks_user_id FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- Name: users fk_users_subscription_tier_id; Type: FK CONSTRAINT; Schema: public
ALTER TABLE ONLY public.users
    ADD CONSTRAINT fk_users_subscription_tier_id FOREIGN KEY (subscription_tier_id) REFERENCES public.subscription_tiers(id) ON DELETE RESTRICT;
