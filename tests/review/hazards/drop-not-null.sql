-- case: DROP NOT NULL: the rollback fails on new NULLs
-- finds: ban-drop-not-null, rollback-fails, scan on tasks in the rollback
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: not measured
-- squawk: ban-drop-not-null beyond measuring
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ALTER COLUMN title DROP NOT NULL;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER COLUMN title SET NOT NULL;
