-- case: an UPDATE of all rows, through a view
-- finds: large-write on tasks
-- locks: ROW EXCLUSIVE on open_tasks, ROW EXCLUSIVE on tasks
-- proof: lossy
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE VIEW open_tasks AS SELECT t.id, t.priority FROM tasks AS t;
-- file: 0002.case.change.sql
-- reversible: lossy: the priorities before
UPDATE open_tasks SET priority = 5;
-- file: 0002.case.change.rollback.sql
SELECT 1;
