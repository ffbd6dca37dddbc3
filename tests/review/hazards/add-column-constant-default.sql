-- case: a column with a constant default
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
ALTER TABLE tasks ADD COLUMN state text NOT NULL DEFAULT 'new';
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN state;
