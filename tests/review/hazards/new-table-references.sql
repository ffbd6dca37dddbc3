-- case: a new table's reference: the referenced table is locked
-- finds: second-table on tasks
-- locks: SHARE ROW EXCLUSIVE on tasks
-- proof: lossy
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
CREATE TABLE comments (
    id bigint PRIMARY KEY,
    task_id bigint NOT NULL REFERENCES tasks (id)
);
-- file: 0002.case.change.rollback.sql
DROP TABLE comments;
