-- case: a small batch
-- finds: nothing
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
UPDATE tasks SET priority = 5
WHERE id IN (SELECT t.id FROM tasks AS t ORDER BY t.id LIMIT 5);
-- file: 0002.case.change.rollback.sql
SELECT 1;
