-- case: an allowance without a date
-- finds: allowance, rewrite on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: adding-field-with-default confirmed
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
-- review:allow rewrite on=tasks because "the table has ten rows"
ALTER TABLE tasks ADD COLUMN token uuid DEFAULT gen_random_uuid();
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN token;
