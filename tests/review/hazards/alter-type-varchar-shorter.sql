-- case: a shorter varchar: every row is rewritten
-- finds: breaking-change on tasks, prefer-text-field, rewrite on tasks
-- finds: scan on tasks in the rollback
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: changing-column-type confirmed, prefer-text-field beyond measuring
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    code varchar(40) NOT NULL CONSTRAINT ck_tasks_code CHECK (length(code) <= 20)
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ALTER COLUMN code TYPE varchar(20);
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER COLUMN code TYPE varchar(40);
