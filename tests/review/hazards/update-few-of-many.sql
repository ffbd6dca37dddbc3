-- case: an UPDATE of one row, which it finds by reading all: reading blocks nobody
-- finds: nothing
-- locks: ROW EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
UPDATE tasks SET title = title || ' ' WHERE priority = (SELECT max(priority) FROM tasks);
-- file: 0002.case.change.rollback.sql
UPDATE tasks SET title = rtrim(title) WHERE priority = (SELECT max(priority) FROM tasks);
