-- case: CREATE INDEX CONCURRENTLY
-- finds: nothing
-- locks: SHARE UPDATE EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- when: fast
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
-- transactional: false
CREATE INDEX CONCURRENTLY idx_tasks_title ON tasks (title);
-- file: 0002.case.change.rollback.sql
-- transactional: false
DROP INDEX CONCURRENTLY idx_tasks_title;
