-- Hands the tables and all else that the migrations made to the role owner, so that they belong to
-- nobody who logs in. Run it with psql as their present owner, a member of the role, or a superuser:
--     psql -X -f sql/roles/owner.sql "$DATABASE_URL"
-- From then on, whoever migrates acts as that role: ALTER ROLE ... SET role = 'gestorlead_owner'.
\ir names.sql
BEGIN;
GRANT CONNECT, CREATE, TEMPORARY ON DATABASE :"DBNAME" TO :"owner";
GRANT USAGE, CREATE ON SCHEMA public TO :"owner";
SELECT pg_get_userbyid(c.relowner) AS giver
FROM pg_class AS c
WHERE c.oid = 'public.users'::regclass
\gset
\set heir :owner
\ir hand_over.sql
COMMIT;
