-- case: a column whose default differs from row to row
-- finds: rewrite on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: adding-field-with-default confirmed
-- when: fast
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid();
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN token;
