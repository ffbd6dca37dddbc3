-- case: CREATE UNIQUE INDEX CONCURRENTLY on duplicates: an INVALID index is left
-- finds: invalid-index, not-measured
-- locks: SHARE UPDATE EXCLUSIVE on tasks
-- proof: not measured
-- squawk: silent
-- when: fast
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
INSERT INTO tasks (id, title) VALUES (1, 'same'), (2, 'same');
-- file: 0002.case.change.sql
-- transactional: false
CREATE UNIQUE INDEX CONCURRENTLY uq_tasks_title ON tasks (title);
-- file: 0002.case.change.rollback.sql
-- transactional: false
DROP INDEX CONCURRENTLY uq_tasks_title;
