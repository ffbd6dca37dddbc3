-- case: a privilege that is revoked and granted again
-- finds: nothing
-- locks: none
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
GRANT SELECT, INSERT ON tasks TO PUBLIC;
-- file: 0002.case.change.sql
REVOKE ALL ON tasks FROM PUBLIC;
GRANT INSERT, SELECT, UPDATE ON tasks TO PUBLIC;
-- file: 0002.case.change.rollback.sql
REVOKE UPDATE ON tasks FROM PUBLIC;
