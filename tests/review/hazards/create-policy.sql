-- case: a row security policy
-- finds: nothing
-- locks: ACCESS EXCLUSIVE on tasks
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
CREATE POLICY p_tasks ON tasks USING (priority > 0);
-- file: 0002.case.change.rollback.sql
DROP POLICY p_tasks ON tasks;
