-- Switches row security on: from then on, the application sees and writes the rows of one user alone,
-- whom it names in each transaction by set_config('app.user_id', ..., TRUE); without a user, none.
-- Run it with psql as the owner of the tables, or a superuser, after roles.sql and grants.sql:
--     psql -X -f sql/roles/row_security.sql "$DATABASE_URL"
-- It can be run again, and row_security_off.sql undoes it. docs/roles.md says what it protects from.
\ir names.sql
BEGIN;
SET LOCAL lock_timeout = '5s';
\ir drop_policies.sql

SELECT
    pg_get_userbyid(c.relowner) AS tables_owner,
    r.rolsuper OR r.rolbypassrls AS is_free
FROM pg_class AS c
INNER JOIN pg_roles AS r ON c.relowner = r.oid
WHERE c.oid = 'public.users'::regclass
\gset

-- own_rows binds everybody. The workers and the reports see all rows besides, and so does whoever
-- acts as the owner without having logged in as it: a SECURITY DEFINER function, or SET ROLE.
SELECT
    format(
        p.statement,
        t.table_id,
        CASE t.table_id WHEN 'public.users'::regclass THEN 'id' ELSE 'user_id' END,
        p.role_name
    )
FROM unnest(:'tables'::regclass[]) AS t (table_id)
CROSS JOIN (
    VALUES
    (
        'CREATE POLICY own_rows ON %1$s USING '
        '(%2$s = nullif(current_setting(''app.user_id'', TRUE), '''')::bigint)',
        NULL
    ),
    ('CREATE POLICY worker ON %1$s TO %3$I USING (TRUE)', :'worker'),
    ('CREATE POLICY readonly ON %1$s FOR SELECT TO %3$I USING (TRUE)', :'readonly'),
    (
        'CREATE POLICY owner ON %1$s TO %3$I USING (current_user <> session_user)',
        :'tables_owner'
    ),
    -- The owner, too: an application that logs in as the owner would not be bound otherwise.
    ('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', NULL)
) AS p (statement, role_name)
\gexec
COMMIT;

\if :is_free
\else
\warn :tables_owner cannot pass over row security: pg_dump fails as this role, and the functions of
\warn the marketplace and the text search lose their indexes. Hand the tables over with owner.sql, and
\warn have a superuser run ALTER ROLE :owner BYPASSRLS; then run this script again.
\endif
