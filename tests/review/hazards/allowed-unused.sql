-- case: an allowance for something that is not found
-- finds: allowance
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
-- review:allow rewrite on=tasks until=2999-12-31 because "the table has ten rows"
ALTER TABLE tasks ADD COLUMN note text;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN note;
