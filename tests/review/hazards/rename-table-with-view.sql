-- case: a table is renamed, and a view gets its old name
-- finds: nothing
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: renaming-table refuted
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks RENAME TO jobs;
CREATE VIEW tasks AS SELECT j.id, j.title, j.priority FROM jobs AS j;
-- file: 0002.case.change.rollback.sql
DROP VIEW tasks;
ALTER TABLE jobs RENAME TO tasks;
