-- case: one of two unique indexes on the same column is dropped
-- finds: nothing
-- locks: SHARE UPDATE EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE UNIQUE INDEX uq_tasks_title ON tasks (title);
CREATE UNIQUE INDEX uq_tasks_title_2 ON tasks (title) INCLUDE (priority);
-- file: 0002.case.change.sql
-- transactional: false
DROP INDEX CONCURRENTLY uq_tasks_title;
-- file: 0002.case.change.rollback.sql
-- transactional: false
CREATE UNIQUE INDEX CONCURRENTLY uq_tasks_title ON tasks (title);
