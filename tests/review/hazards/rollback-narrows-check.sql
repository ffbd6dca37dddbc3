-- case: a wider CHECK: the rollback fails on new rows
-- finds: ban-drop-constraint, rollback-fails, scan on tasks, scan on tasks in the rollback
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: not measured
-- squawk: ban-drop-constraint beyond measuring, constraint-missing-not-valid confirmed
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
ALTER TABLE tasks ADD CONSTRAINT ck_tasks_priority CHECK (priority BETWEEN 1 AND 5);
-- file: 0002.case.change.sql
ALTER TABLE tasks
    DROP CONSTRAINT ck_tasks_priority,
    ADD CONSTRAINT ck_tasks_priority CHECK (priority BETWEEN 1 AND 50);
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks
    DROP CONSTRAINT ck_tasks_priority,
    ADD CONSTRAINT ck_tasks_priority CHECK (priority BETWEEN 1 AND 5);
