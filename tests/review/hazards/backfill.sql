-- case: an UPDATE of all rows
-- finds: large-write on tasks
-- locks: ROW EXCLUSIVE on tasks
-- proof: lossy
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
-- reversible: lossy: the priorities before
UPDATE tasks SET priority = coalesce(priority, 0) + 1;
-- file: 0002.case.change.rollback.sql
SELECT 1;
