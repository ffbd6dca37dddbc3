-- case: ENABLE ROW LEVEL SECURITY without a policy: nobody but the owner sees a row
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
-- file: 0002.case.change.sql
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DISABLE ROW LEVEL SECURITY;
