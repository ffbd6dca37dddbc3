-- case: other sessions are ended: not run, for it reaches beyond the database
-- finds: not-measured
-- locks: none
-- proof: not measured
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigserial PRIMARY KEY,
    title text NOT NULL,
    status text NOT NULL DEFAULT 'new'
);
-- file: 0002.case.change.sql
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid();
-- file: 0002.case.change.rollback.sql
SELECT 1;
