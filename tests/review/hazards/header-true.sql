-- case: a correct header
-- finds: nothing
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
-- purpose: notes on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- reversible: lossy: every note
ALTER TABLE tasks ADD COLUMN note text;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN note;
