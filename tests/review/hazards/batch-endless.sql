-- case: batches that never end: the change does not make its condition false
-- finds: batch, not-measured
-- locks: ROW EXCLUSIVE on tasks
-- proof: not measured
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    region text
);
-- file: 0002.case.change.sql
-- reversible: lossy: which tasks had no region
-- batch: 5000
UPDATE tasks SET region = NULL
WHERE id IN (
    SELECT t.id FROM tasks AS t
    WHERE t.region IS NULL
    LIMIT current_setting('migrator.batch_rows')::integer
)
RETURNING id;
-- file: 0002.case.change.rollback.sql
SELECT 1;
