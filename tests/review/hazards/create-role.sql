-- case: a new role
-- finds: nothing
-- locks: none
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
CREATE ROLE hazard_reader NOLOGIN;
GRANT SELECT ON tasks TO hazard_reader;
-- file: 0002.case.change.rollback.sql
REVOKE SELECT ON tasks FROM hazard_reader;
DROP ROLE hazard_reader;
