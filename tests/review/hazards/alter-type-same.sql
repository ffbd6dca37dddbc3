-- case: the same type again
-- finds: nothing
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: changing-column-type refuted
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    code text NOT NULL
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ALTER COLUMN code TYPE text;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER COLUMN code TYPE text;
