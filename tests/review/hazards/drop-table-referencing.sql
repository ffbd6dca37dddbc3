-- case: a table with a reference is dropped: the referenced table is locked, too
-- finds: breaking-change on comments, rollback-loss, second-table on tasks, several-tables
-- locks: ACCESS EXCLUSIVE on comments, ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: ban-drop-table confirmed
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL
);
CREATE TABLE comments (
    id bigint PRIMARY KEY,
    task_id bigint NOT NULL REFERENCES tasks (id),
    body text NOT NULL
);
-- file: 0002.case.change.sql
DROP TABLE comments;
-- file: 0002.case.change.rollback.sql
CREATE TABLE comments (
    id bigint PRIMARY KEY,
    task_id bigint NOT NULL REFERENCES tasks (id),
    body text NOT NULL
);
