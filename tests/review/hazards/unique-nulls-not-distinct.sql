-- case: a unique index for which NULLs are equal: it fails where two rows have none
-- finds: nothing
-- locks: SHARE UPDATE EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    user_id bigint NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
-- transactional: false
CREATE UNIQUE INDEX CONCURRENTLY uq_tasks ON tasks (user_id, priority) NULLS NOT DISTINCT;
-- file: 0002.case.change.rollback.sql
-- transactional: false
DROP INDEX CONCURRENTLY uq_tasks;
