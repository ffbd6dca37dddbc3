-- case: REVOKE: a role of the application may read no more
-- finds: access on tasks
-- locks: none
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
GRANT SELECT ON tasks TO PUBLIC;
-- file: 0002.case.change.sql
REVOKE SELECT ON tasks FROM PUBLIC;
-- file: 0002.case.change.rollback.sql
GRANT SELECT ON tasks TO PUBLIC;
