-- A SECURITY DEFINER function fixes its search_path: otherwise its caller decides which objects the
-- owner's rights are used on.
SELECT p.oid::regprocedure::text AS function_name
FROM pg_proc AS p
WHERE
    p.pronamespace = 'public'::regnamespace
    AND p.prosecdef
    AND NOT EXISTS (
        SELECT 1
        FROM unnest(p.proconfig) AS s (setting)
        WHERE s.setting LIKE 'search\_path=%'
    )
    AND NOT EXISTS (
        SELECT 1
        FROM pg_depend AS e
        WHERE
            e.classid = 'pg_proc'::regclass
            AND e.objid = p.oid
            AND e.deptype = 'e'
    );
