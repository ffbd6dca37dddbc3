-- case: extended statistics on two columns
-- finds: nothing
-- locks: SHARE UPDATE EXCLUSIVE on tasks
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
CREATE STATISTICS st_tasks ON title, priority FROM tasks;
-- file: 0002.case.change.rollback.sql
DROP STATISTICS st_tasks;
