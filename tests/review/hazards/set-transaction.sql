-- case: SET TRANSACTION first, as it must be
-- finds: nothing
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL
);
-- file: 0002.case.change.sql
-- locks: ACCESS EXCLUSIVE on tasks
SET lock_timeout TO '2s';
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
ALTER TABLE tasks ADD COLUMN priority integer;
-- file: 0002.case.change.rollback.sql
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
ALTER TABLE tasks DROP COLUMN priority;
