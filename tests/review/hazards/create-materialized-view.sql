-- case: a new materialized view of a large table
-- finds: nothing
-- locks: none
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
CREATE MATERIALIZED VIEW task_counts AS SELECT count(*) AS tasks FROM tasks;
-- file: 0002.case.change.rollback.sql
DROP MATERIALIZED VIEW task_counts;
