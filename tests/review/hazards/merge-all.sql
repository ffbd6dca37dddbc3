-- case: MERGE that updates every row
-- finds: large-write on tasks
-- locks: ROW EXCLUSIVE on tasks
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
-- reversible: lossy: the priorities before
MERGE INTO tasks AS t
USING (SELECT s.id FROM tasks AS s) AS n ON t.id = n.id
WHEN MATCHED THEN UPDATE SET priority = 7;
-- file: 0002.case.change.rollback.sql
SELECT 1;
