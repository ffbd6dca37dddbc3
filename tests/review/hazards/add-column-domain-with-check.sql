-- case: a column of a domain with a CHECK: every row is rewritten to check that NULL is allowed
-- finds: rewrite on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE DOMAIN percentage AS integer CHECK (VALUE BETWEEN 0 AND 100);
-- file: 0002.case.change.sql
ALTER TABLE tasks ADD COLUMN progress percentage;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN progress;
