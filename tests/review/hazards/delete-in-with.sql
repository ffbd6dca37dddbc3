-- case: rows are moved by a DELETE in WITH, and made-up rows are none of them: unknown
-- finds: large-write on tasks
-- locks: ROW EXCLUSIVE on old_tasks, ROW EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    status text NOT NULL
);
CREATE TABLE old_tasks (LIKE tasks);
-- file: 0002.case.change.sql
WITH moved AS (
    DELETE FROM tasks WHERE status = 'half-way' RETURNING *
)
INSERT INTO old_tasks SELECT * FROM moved;
-- file: 0002.case.change.rollback.sql
SELECT 1;
