-- case: NOT NULL as NOT VALID, validated in the next file
-- finds: breaking-change on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- since: 18
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ADD CONSTRAINT nn_tasks_priority NOT NULL priority NOT VALID;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP CONSTRAINT nn_tasks_priority;
-- file: 0003.case.change.sql
ALTER TABLE tasks VALIDATE CONSTRAINT nn_tasks_priority;
-- file: 0003.case.change.rollback.sql
ALTER TABLE tasks DROP CONSTRAINT nn_tasks_priority;
ALTER TABLE tasks ADD CONSTRAINT nn_tasks_priority NOT NULL priority NOT VALID;
