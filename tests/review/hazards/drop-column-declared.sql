-- case: a dropped column whose header says what is lost
-- finds: breaking-change on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: ban-drop-column confirmed
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
-- locks: ACCESS EXCLUSIVE on tasks
-- reversible: lossy: every priority
ALTER TABLE tasks DROP COLUMN priority;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ADD COLUMN priority integer;
