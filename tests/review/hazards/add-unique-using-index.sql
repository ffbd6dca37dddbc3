-- case: a unique constraint USING an existing INDEX
-- finds: index-build on tasks in the rollback
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE UNIQUE INDEX uq_tasks_title ON tasks (title);
-- file: 0002.case.change.sql
ALTER TABLE tasks ADD CONSTRAINT uq_tasks_title UNIQUE USING INDEX uq_tasks_title;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP CONSTRAINT uq_tasks_title;
CREATE UNIQUE INDEX uq_tasks_title ON tasks (title);
