-- case: a column whose default is now(): one value for all rows
-- finds: nothing
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN created_at;
