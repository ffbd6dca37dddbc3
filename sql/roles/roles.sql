-- Creates the four roles, once for a server. Nobody logs in as one of them: who logs in is a member.
-- Run it with psql as a role that has CREATEROLE:
--     psql -X -f sql/roles/roles.sql "$DATABASE_URL"
-- It can be run again; a role that is there is left as it is, but for its comment. The comment is how
-- sql/checks/privilege_forgotten.sql knows the role, whatever its name.
\ir names.sql
BEGIN;

SELECT format('CREATE ROLE %I NOLOGIN', n.role_name)
FROM (VALUES (:'app'), (:'worker'), (:'readonly'), (:'owner')) AS n (role_name)
WHERE n.role_name NOT IN (SELECT r.rolname FROM pg_roles AS r)
\gexec

-- Row security binds the owner of the tables, too. So that the owner can migrate all rows and dump
-- them, it may pass over it, where the role that runs this may give that. Members cannot, unless they
-- act as the owner.
SELECT format('ALTER ROLE %I BYPASSRLS', :'owner')
FROM pg_roles AS r
WHERE
    r.rolname = current_user
    AND (
        r.rolsuper
        OR (
            r.rolcreaterole
            AND r.rolbypassrls
            AND current_setting('server_version_num')::integer >= 160000
        )
    )
\gexec

COMMENT ON ROLE :"app" IS 'GestorLead Studio, app: what the web application may do.';
COMMENT ON ROLE :"worker" IS 'GestorLead Studio, worker: what runs the tasks and books credits.';
COMMENT ON ROLE :"readonly" IS 'GestorLead Studio, readonly: reports; no password hash and no key.';
COMMENT ON ROLE :"owner" IS 'GestorLead Studio, owner: migrates.';

COMMIT;
