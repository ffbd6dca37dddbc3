-- case: NOT VALID and VALIDATE in one transaction: the strong lock is still held
-- finds: scan on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: constraint-missing-not-valid confirmed
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ADD CONSTRAINT ck_tasks_title CHECK (title <> '') NOT VALID;
ALTER TABLE tasks VALIDATE CONSTRAINT ck_tasks_title;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP CONSTRAINT ck_tasks_title;
