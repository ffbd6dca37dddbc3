-- case: GRANT
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
-- file: 0002.case.change.sql
GRANT SELECT ON tasks TO PUBLIC;
-- file: 0002.case.change.rollback.sql
REVOKE SELECT ON tasks FROM PUBLIC;
