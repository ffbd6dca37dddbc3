-- case: a new table's reference, and the header names the lock on the referenced table
-- finds: nothing
-- locks: SHARE ROW EXCLUSIVE on tasks
-- proof: lossy
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
-- locks: SHARE ROW EXCLUSIVE on tasks
-- reversible: lossy: every comment
CREATE TABLE comments (
    id bigint PRIMARY KEY,
    task_id bigint NOT NULL REFERENCES tasks (id)
);
-- file: 0002.case.change.rollback.sql
DROP TABLE comments;
