-- case: an unused column is dropped, and an allowance says since when it is unused
-- finds: nothing
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
-- review:allow breaking-change on=tasks until=2999-12-31 because "unused since release 41"
ALTER TABLE tasks DROP COLUMN priority;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ADD COLUMN priority integer;
