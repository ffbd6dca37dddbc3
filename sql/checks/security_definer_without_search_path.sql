-- A SECURITY DEFINER function fixes its search_path, with pg_temp as the last schema: otherwise its
-- caller decides which objects the owner's rights are used on. A path that does not name pg_temp
-- begins with it, also before pg_catalog: a temporary table pg_class would be the one that is read.
SELECT p.oid::regprocedure::text AS function_name
FROM pg_proc AS p
WHERE
    p.pronamespace = 'public'::regnamespace
    AND p.prosecdef
    AND NOT EXISTS (
        SELECT 1
        FROM unnest(p.proconfig) AS s (setting)
        WHERE s.setting ~ '^search_path=.*\mpg_temp\M[" ]*$'
    )
    AND NOT EXISTS (
        SELECT 1
        FROM pg_depend AS e
        WHERE
            e.classid = 'pg_proc'::regclass
            AND e.objid = p.oid
            AND e.deptype = 'e'
    );
