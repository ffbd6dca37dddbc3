-- case: TRUNCATE, and the header says what is lost
-- finds: nothing
-- locks: ACCESS EXCLUSIVE on tasks
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
-- reversible: lossy: every task
TRUNCATE tasks;
-- file: 0002.case.change.rollback.sql
SELECT 1;
