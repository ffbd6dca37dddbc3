-- case: an UPDATE of rows that made-up ones may not have: how many it writes is unknown
-- finds: large-write on tasks
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
UPDATE tasks SET priority = 1 WHERE title = 'urgent';
-- file: 0002.case.change.rollback.sql
SELECT 1;
