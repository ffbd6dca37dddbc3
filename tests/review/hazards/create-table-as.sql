-- case: a new table with the rows of a large one: the large one is only read
-- finds: nothing
-- locks: none
-- proof: lossy
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
CREATE TABLE copied_tasks AS
SELECT t.id, t.title FROM tasks AS t;
-- file: 0002.case.change.rollback.sql
DROP TABLE copied_tasks;
