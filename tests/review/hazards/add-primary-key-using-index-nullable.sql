-- case: a primary key USING INDEX on a nullable column: all rows are read
-- finds: breaking-change on tasks, index-build on tasks in the rollback, scan on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint,
    title text NOT NULL
);
CREATE UNIQUE INDEX pk_tasks ON tasks (id);
-- file: 0002.case.change.sql
ALTER TABLE tasks ADD CONSTRAINT pk_tasks PRIMARY KEY USING INDEX pk_tasks;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP CONSTRAINT pk_tasks;
ALTER TABLE tasks ALTER COLUMN id DROP NOT NULL;
CREATE UNIQUE INDEX pk_tasks ON tasks (id);
