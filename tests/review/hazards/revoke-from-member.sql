-- case: a privilege is revoked from a role that has it as a member of another one
-- finds: nothing
-- locks: none
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    status text NOT NULL
);
CREATE ROLE readers;
CREATE ROLE app;
GRANT SELECT ON tasks TO app;
-- file: 0002.case.change.sql
GRANT SELECT ON tasks TO readers;
GRANT readers TO app;
REVOKE SELECT ON tasks FROM app;
-- file: 0002.case.change.rollback.sql
GRANT SELECT ON tasks TO app;
REVOKE readers FROM app;
REVOKE SELECT ON tasks FROM readers;
