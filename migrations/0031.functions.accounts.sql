-- purpose: log-in and sign-up, before it is known whose rows the session may see
-- locks: none
-- reversible: yes
--
-- The log-ins do what the queries of the same names in sql/workload/ do, as the owner of the tables:
-- where row security is on, a session without a user sees no row of users. See docs/roles.md.

CREATE FUNCTION dashboard_login_by_email(email text) RETURNS TABLE (
    id bigint,
    password_hash text,
    is_active boolean,
    is_admin boolean,
    email_verified_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
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
$$;
COMMENT ON FUNCTION dashboard_login_by_email(text) IS
'The user with an address, and the hash to compare the password with. It finds one user, and only '
'who is named in full.';
REVOKE EXECUTE ON FUNCTION dashboard_login_by_email(text) FROM PUBLIC;

CREATE FUNCTION dashboard_login_by_google_id(google_id text) RETURNS TABLE (
    id bigint,
    email valid_email,
    is_active boolean,
    is_admin boolean
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
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
$$;
COMMENT ON FUNCTION dashboard_login_by_google_id(text) IS
'The user whom Google knows by an identifier.';
REVOKE EXECUTE ON FUNCTION dashboard_login_by_google_id(text) FROM PUBLIC;

CREATE FUNCTION sign_up(
    email text,
    password_hash text DEFAULT NULL,
    google_id text DEFAULT NULL,
    full_name text DEFAULT NULL,
    avatar_url text DEFAULT NULL,
    preferences jsonb DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    user_id bigint;
BEGIN
    INSERT INTO public.users (email, password_hash, google_id, full_name, avatar_url, preferences)
    VALUES (lower($1), $2, $3, $4, $5, $6)
    RETURNING id INTO user_id;
    RETURN user_id;
END
$$;
COMMENT ON FUNCTION sign_up(text, text, text, text, text, jsonb) IS
'Creates a user, who is no administrator and has no credits, and returns the id.';
REVOKE EXECUTE ON FUNCTION sign_up(text, text, text, text, text, jsonb) FROM PUBLIC;
