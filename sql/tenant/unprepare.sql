-- Removes what prepare.sql added to a database. Run it as a superuser:
--
--     psql -X -f sql/tenant/unprepare.sql service=eu-1
--
-- It stops if a move has not ended. What the table moves says of tenants that left is gone then.
\set ON_ERROR_STOP on
\set QUIET on
SET lock_timeout = '2s';
SET client_min_messages = warning;
CREATE TEMPORARY VIEW unfinished AS
SELECT
    m.user_id AS tenant,
    m.state
FROM tenants.moves AS m
WHERE
    m.state NOT IN ('left', 'arrived')
    OR (m.state = 'left' AND EXISTS (SELECT FROM public.users AS u WHERE u.id = m.user_id));
SELECT count(*) > 0 AS is_early FROM unfinished \gset
\if :is_early
    SELECT * FROM unfinished;
    DO $$ BEGIN RAISE 'End the moves listed above: nothing was changed.'; END $$;
\endif
DROP VIEW unfinished;

SELECT format('ALTER TABLE public.%I REPLICA IDENTITY DEFAULT', r.table_name)
FROM tenants.replica_identities AS r
\gexec
SELECT format('DROP INDEX CONCURRENTLY %s', i.indexrelid::regclass)
FROM tenants.tables AS t
INNER JOIN pg_index AS i ON t.table_id = i.indrelid
INNER JOIN pg_class AS c ON i.indexrelid = c.oid
WHERE c.relname LIKE 'uq_%_home'
\gexec
SELECT format('DROP TRIGGER %I ON %s', g.tgname, g.tgrelid::regclass)
FROM pg_trigger AS g
INNER JOIN pg_proc AS p ON g.tgfoid = p.oid
WHERE
    p.pronamespace = 'tenants'::regnamespace
    AND g.tgparentid = 0
\gexec
DROP SCHEMA tenants CASCADE;
