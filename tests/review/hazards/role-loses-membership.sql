-- case: a role that may read by its membership alone loses it
-- finds: access
-- locks: none
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigserial PRIMARY KEY,
    title text NOT NULL,
    status text NOT NULL DEFAULT 'new'
);
CREATE ROLE app LOGIN;
CREATE ROLE readers;
GRANT SELECT ON tasks TO readers;
GRANT readers TO app;
-- file: 0002.case.change.sql
REVOKE readers FROM app;
-- file: 0002.case.change.rollback.sql
GRANT readers TO app;
