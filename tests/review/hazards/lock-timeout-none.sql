-- case: a lock_timeout of 0: no limit
-- finds: lock-timeout
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
SET lock_timeout = 0;
ALTER TABLE tasks ADD COLUMN note text;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN note;
