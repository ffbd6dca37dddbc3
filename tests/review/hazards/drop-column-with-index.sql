-- case: a dropped column that had an index, which the rollback does not restore
-- finds: breaking-change on tasks, rollback-differs, rollback-loss
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: ban-drop-column confirmed
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE INDEX idx_tasks_priority ON tasks (priority);
-- file: 0002.case.change.sql
ALTER TABLE tasks DROP COLUMN priority;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ADD COLUMN priority integer;
