-- case: ENABLE ROW LEVEL SECURITY with a policy that admits everything
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
CREATE POLICY p_all ON tasks USING (true);
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DISABLE ROW LEVEL SECURITY;
DROP POLICY p_all ON tasks;
