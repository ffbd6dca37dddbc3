-- case: DROP INDEX: a short lock that blocks reads and writes
-- finds: index-build on tasks in the rollback
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: require-concurrent-index-deletion confirmed
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE INDEX idx_tasks_title ON tasks (title);
-- file: 0002.case.change.sql
DROP INDEX idx_tasks_title;
-- file: 0002.case.change.rollback.sql
CREATE INDEX idx_tasks_title ON tasks (title);
