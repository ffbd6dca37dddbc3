-- case: the last policy is dropped: nobody but the owner sees a row
-- finds: access on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
CREATE POLICY p_all ON tasks USING (true);
-- file: 0002.case.change.sql
DROP POLICY p_all ON tasks;
-- file: 0002.case.change.rollback.sql
CREATE POLICY p_all ON tasks USING (true);
