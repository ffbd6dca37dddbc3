-- What each role may do by itself, and as a member of others; its settings, with an =.
SELECT
    r.rolname AS name,
    array_remove(
        ARRAY[
            CASE WHEN r.rolcanlogin THEN 'LOGIN' END,
            CASE WHEN r.rolsuper THEN 'SUPERUSER' END,
            CASE WHEN r.rolinherit THEN 'INHERIT' END,
            CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
            CASE WHEN r.rolcreatedb THEN 'CREATEDB' END,
            CASE WHEN r.rolreplication THEN 'REPLICATION' END,
            CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END,
            CASE WHEN r.rolconnlimit = -1 THEN 'connections without a limit' END,
            CASE WHEN r.rolvaliduntil IS NULL THEN 'a password without an end' END,
            'at most=' || nullif(r.rolconnlimit, -1),
            'password until=' || r.rolvaliduntil
        ],
        NULL
    ) || coalesce(r.rolconfig, '{}') || array(
        SELECT 'membership of ' || g.rolname
        FROM pg_auth_members AS m
        INNER JOIN pg_roles AS g ON m.roleid = g.oid
        WHERE m.member = r.oid
    ) AS rights
FROM pg_roles AS r
WHERE r.rolname NOT LIKE 'pg\_%'
ORDER BY r.rolname;
