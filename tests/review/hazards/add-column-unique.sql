-- case: a column with a unique constraint: an index is built over all rows
-- finds: index-build on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: disallowed-unique-constraint confirmed
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ADD COLUMN slug text CONSTRAINT uq_tasks_slug UNIQUE;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN slug;
