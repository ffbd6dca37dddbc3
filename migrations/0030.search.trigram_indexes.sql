-- purpose: users and public agents by a part of a name, where pg_trgm is there
-- locks: SHARE on users, SHARE on agents
-- reversible: yes
-- review:allow index-build on=users,agents until=2030-12-31 because "born in this chain, still empty"
-- review:allow several-tables until=2030-12-31 because "born in this chain, still empty"

DO $$
DECLARE
    trgm_schema text;
BEGIN
    SELECT n.nspname
    INTO trgm_schema
    FROM pg_catalog.pg_extension AS e
    INNER JOIN pg_catalog.pg_namespace AS n ON e.extnamespace = n.oid
    WHERE
        e.extname = 'pg_trgm'
        AND pg_catalog.has_schema_privilege(n.oid, 'USAGE');

    IF trgm_schema IS NULL THEN
        RAISE NOTICE 'pg_trgm is not there: searches by a part of a name read the whole table';
        RETURN;
    END IF;

    EXECUTE format(
        'CREATE INDEX idx_users_email_trigrams ON users USING gin (email %I.gin_trgm_ops)',
        trgm_schema
    );
    COMMENT ON INDEX idx_users_email_trigrams IS
    'Serves the query admin_users_search. Requires extension pg_trgm.';

    EXECUTE format(
        'CREATE INDEX idx_users_full_name_trigrams ON users USING gin (full_name %I.gin_trgm_ops)',
        trgm_schema
    );
    COMMENT ON INDEX idx_users_full_name_trigrams IS
    'Serves the query admin_users_search. Requires extension pg_trgm.';

    EXECUTE format(
        'CREATE INDEX idx_agents_public_name_trigrams ON agents USING gin (name %I.gin_trgm_ops) '
        'WHERE is_public',
        trgm_schema
    );
    COMMENT ON INDEX idx_agents_public_name_trigrams IS
    'Serves the query agents_search_by_name. Requires extension pg_trgm.';
END
$$;
