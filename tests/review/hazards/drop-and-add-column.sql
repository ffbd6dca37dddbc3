-- case: a column is dropped and added again in one file: it is empty
-- finds: breaking-change on tasks, rollback-loss
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: ban-drop-column confirmed
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks DROP COLUMN priority;
ALTER TABLE tasks ADD COLUMN priority integer;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN priority;
ALTER TABLE tasks ADD COLUMN priority integer;
