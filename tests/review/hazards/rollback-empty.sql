-- case: a rollback file that does nothing: the migration cannot be applied again
-- finds: rollback-differs, rollback-fails
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: not measured
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ADD COLUMN note text;
-- file: 0002.case.change.rollback.sql
SELECT 1;
