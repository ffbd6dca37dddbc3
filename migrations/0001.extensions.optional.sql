-- purpose: pg_trgm and pg_stat_statements where this server and this role can have them
-- locks: none
-- reversible: yes
--
-- Nothing later fails without them. pg_trgm is a trusted extension: a plain role with CREATE on
-- the database may create it. pg_stat_statements takes a superuser; where one has created it, it is
-- used. A comment marks what this file created: its rollback leaves other people's extensions.

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['pg_stat_statements', 'pg_trgm'] LOOP
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_catalog.pg_extension AS e
            WHERE e.extname = wanted
        );

        BEGIN
            EXECUTE format('CREATE EXTENSION %I WITH SCHEMA public', wanted);
            EXECUTE format(
                'COMMENT ON EXTENSION %I IS %L',
                wanted,
                (
                    SELECT a.comment
                    FROM pg_catalog.pg_available_extensions AS a
                    WHERE a.name = wanted
                ) || ' (created by migration 0001.extensions.optional)'
            );
        EXCEPTION
            -- Not installed on the server, not allowed by its operator, or not by this role. Anything
            -- else, a lock time-out say, is an error.
            WHEN feature_not_supported OR undefined_file OR insufficient_privilege THEN
                RAISE NOTICE 'extension % cannot be had here: %', wanted, sqlerrm;
        END;
    END LOOP;
END
$$;
