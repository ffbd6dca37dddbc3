-- Switches row security off again: what a role may read, it reads of every user. Run it with psql as
-- the owner of the tables, or a superuser:
--     psql -X -f sql/roles/row_security_off.sql "$DATABASE_URL"
\ir names.sql
BEGIN;
SET LOCAL lock_timeout = '5s';
\ir drop_policies.sql
COMMIT;
