-- case: a column with a CHECK: all rows are read although all values are NULL
-- finds: scan on tasks
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
ALTER TABLE tasks ADD COLUMN progress integer CONSTRAINT ck_tasks_progress CHECK (progress >= 0);
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN progress;
