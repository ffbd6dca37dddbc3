-- case: a lock_timeout shorter than the runner's
-- finds: nothing
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: silent
-- when: fast
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
SET lock_timeout = '500ms';
ALTER TABLE tasks ADD COLUMN note text;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN note;
