-- Takes row security off the tables of the users' own rows: users, and what refers to it by user_id.
-- Policies that somebody made by hand go, too. row_security.sql begins with it, and
-- row_security_off.sql.
SELECT array_agg(DISTINCT u.table_id ORDER BY u.table_id) AS tables
FROM (
    SELECT 'public.users'::regclass AS table_id
    UNION ALL
    SELECT c.conrelid::regclass
    FROM pg_constraint AS c
    INNER JOIN pg_attribute AS a ON c.conrelid = a.attrelid AND a.attnum = ANY (c.conkey)
    WHERE
        c.confrelid = 'public.users'::regclass
        AND c.conparentid = 0
        AND a.attname = 'user_id'
) AS u
\gset
SELECT format('DROP POLICY %I ON %s', p.polname, p.polrelid::regclass)
FROM pg_policy AS p
WHERE p.polrelid = ANY (:'tables'::regclass[])
\gexec
SELECT format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class AS c
WHERE
    c.oid = ANY (:'tables'::regclass[])
    AND (c.relrowsecurity OR c.relforcerowsecurity)
\gexec
