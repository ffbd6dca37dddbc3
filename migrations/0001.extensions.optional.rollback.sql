DO $$
DECLARE
    created text;
BEGIN
    FOR created IN
        SELECT e.extname
        FROM pg_catalog.pg_extension AS e
        WHERE
            e.extname IN ('pg_stat_statements', 'pg_trgm')
            AND pg_catalog.obj_description(e.oid, 'pg_extension')
            LIKE '%(created by migration 0001.extensions.optional)'
    LOOP
        EXECUTE format('DROP EXTENSION %I', created);
    END LOOP;
END
$$;
