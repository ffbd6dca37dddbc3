-- case: REINDEX INDEX: new queries on the table wait
-- finds: index-build on tasks
-- locks: SHARE on tasks, ACCESS EXCLUSIVE on idx_tasks_title
-- proof: lossless
-- squawk: require-concurrent-reindex confirmed
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE INDEX idx_tasks_title ON tasks (title);
-- file: 0002.case.change.sql
REINDEX INDEX idx_tasks_title;
-- file: 0002.case.change.rollback.sql
SELECT 1;
