-- case: a DELETE of most rows
-- finds: large-write on tasks, rollback-loss
-- locks: ROW EXCLUSIVE on tasks
-- proof: lossy
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
DELETE FROM tasks WHERE title IS NOT NULL;
-- file: 0002.case.change.rollback.sql
SELECT 1;
