-- The tables whose row security binds even the role that owns them, if that is this one.
SELECT format('%I.%I', s.nspname, c.relname) AS name
FROM pg_class AS c
INNER JOIN pg_namespace AS s ON c.relnamespace = s.oid
INNER JOIN pg_roles AS r ON r.rolname = current_user
WHERE
    c.relrowsecurity
    AND c.relforcerowsecurity
    AND pg_has_role(c.relowner, 'USAGE')
    AND NOT r.rolsuper
    AND NOT r.rolbypassrls
ORDER BY c.oid;
