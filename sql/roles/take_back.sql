-- Takes all of it back: row security, privileges and ownership in this database, then the roles. Run
-- it with psql as the owner of the tables with CREATEROLE, or as a superuser:
--     psql -X -f sql/roles/take_back.sql "$DATABASE_URL"
-- What belongs to the role owner goes to the owner of the database. A role that has privileges in
-- another database, too, stops it: run revoke.sql there first.
\ir names.sql
BEGIN;
\ir drop_policies.sql
\ir revoke.sql
\set giver :owner
SELECT pg_get_userbyid(d.datdba) AS heir
FROM pg_database AS d
WHERE d.datname = current_database()
\gset
\ir hand_over.sql
REVOKE ALL ON DATABASE :"DBNAME" FROM :"owner";
REVOKE ALL ON SCHEMA public FROM :"owner";
DROP ROLE :"app", :"worker", :"readonly", :"owner";
COMMIT;
