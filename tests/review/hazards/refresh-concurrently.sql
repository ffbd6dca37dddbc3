-- case: REFRESH MATERIALIZED VIEW CONCURRENTLY
-- finds: nothing
-- locks: EXCLUSIVE on task_counts
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE MATERIALIZED VIEW task_counts AS SELECT t.priority, count(*) AS tasks FROM tasks AS t GROUP BY t.priority;
CREATE UNIQUE INDEX uq_task_counts ON task_counts (priority);
-- file: 0002.case.change.sql
REFRESH MATERIALIZED VIEW CONCURRENTLY task_counts;
-- file: 0002.case.change.rollback.sql
SELECT 1;
