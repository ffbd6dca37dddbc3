-- case: batches that look for their rows in the whole table: the time grows with its square
-- finds: batch on tasks
-- locks: ROW EXCLUSIVE on tasks
-- proof: lossy
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
UPDATE tasks SET region = 'eu'
WHERE id IN (
    SELECT t.id FROM tasks AS t
    WHERE t.region IS NULL
    LIMIT current_setting('migrator.batch_rows')::integer
)
RETURNING id;
-- file: 0002.case.change.rollback.sql
SELECT 1;
