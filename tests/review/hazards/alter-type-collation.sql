-- case: another collation: no row is written, but every index on the column is rebuilt
-- finds: index-build on tasks, index-build on tasks in the rollback
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: changing-column-type confirmed
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    code text NOT NULL
);
CREATE INDEX idx_tasks_code ON tasks (code);
-- file: 0002.case.change.sql
ALTER TABLE tasks ALTER COLUMN code TYPE text COLLATE "C";
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER COLUMN code TYPE text COLLATE "default";
