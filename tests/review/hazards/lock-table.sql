-- case: LOCK TABLE, followed by work on all rows
-- finds: large-write on tasks, work-after-lock on tasks
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
-- reversible: lossy: the priorities before
LOCK TABLE tasks;
UPDATE tasks SET priority = 5;
-- file: 0002.case.change.rollback.sql
SELECT 1;
