-- case: CREATE INDEX
-- finds: index-build on tasks
-- locks: SHARE on tasks
-- proof: lossless
-- squawk: require-concurrent-index-creation confirmed
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
CREATE INDEX idx_tasks_title ON tasks (title);
-- file: 0002.case.change.rollback.sql
DROP INDEX idx_tasks_title;
