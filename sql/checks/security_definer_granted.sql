-- A trigger function that is SECURITY DEFINER may be executed by its owner alone. Its triggers need
-- no grant, and whoever has one may hang it on a table of his own: it then reads and writes as its
-- owner what the rows of that table say.
SELECT
    p.oid::regprocedure::text AS function_name,
    coalesce(nullif(x.grantee, 0)::regrole::text, 'PUBLIC') AS role_name
FROM pg_proc AS p
CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS x
WHERE
    p.pronamespace = 'public'::regnamespace
    AND p.prosecdef
    AND p.prorettype IN ('trigger'::regtype, 'event_trigger'::regtype)
    AND x.grantee <> p.proowner;
