-- case: a unique index is dropped: ON CONFLICT fails, and so does the rollback on duplicates
-- finds: breaking-change on tasks, rollback-fails
-- locks: SHARE UPDATE EXCLUSIVE on tasks
-- proof: not measured
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE UNIQUE INDEX uq_tasks_title ON tasks (title);
-- file: 0002.case.change.sql
-- transactional: false
DROP INDEX CONCURRENTLY uq_tasks_title;
-- file: 0002.case.change.rollback.sql
-- transactional: false
CREATE UNIQUE INDEX CONCURRENTLY uq_tasks_title ON tasks (title);
