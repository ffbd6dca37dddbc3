-- case: batches that lock their table in SHARE mode
-- finds: batch on tasks
-- locks: SHARE on tasks
-- proof: lossy
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    region text
);
CREATE INDEX idx_tasks_without_region ON tasks (id) WHERE region IS NULL;
CREATE FUNCTION lock_tasks() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE tasks IN SHARE MODE;
    RETURN TRUE;
END
$$;
-- file: 0002.case.change.sql
-- reversible: lossy: which tasks had no region
-- batch: 5000
UPDATE tasks SET region = 'eu'
WHERE id IN (
    SELECT t.id FROM tasks AS t
    WHERE (SELECT lock_tasks()) AND t.region IS NULL
    ORDER BY t.id
    LIMIT current_setting('migrator.batch_rows')::integer
)
RETURNING id;
-- file: 0002.case.change.rollback.sql
SELECT 1;
