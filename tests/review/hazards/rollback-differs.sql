-- case: a rollback that restores less than it should
-- finds: rollback-differs
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
ALTER TABLE tasks ALTER COLUMN priority SET DEFAULT 3;
-- file: 0002.case.change.sql
ALTER TABLE tasks
    ALTER COLUMN priority SET DEFAULT 5,
    ADD COLUMN note text;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks
    ALTER COLUMN priority DROP DEFAULT,
    DROP COLUMN note;
