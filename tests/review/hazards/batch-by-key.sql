-- case: batches along the primary key
-- finds: nothing
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
-- reversible: lossy: the titles before
-- batch: 5000 after=-9223372036854775808
WITH batch AS (
    SELECT t.id FROM tasks AS t
    WHERE t.id > current_setting('migrator.batch_after')::bigint
    ORDER BY t.id
    LIMIT current_setting('migrator.batch_rows')::integer
    FOR UPDATE
), changed AS (
    UPDATE tasks AS t SET title = t.title || '.' FROM batch AS b WHERE t.id = b.id
)
SELECT b.id AS batch_after, count(*) OVER () AS batch_rows
FROM batch AS b ORDER BY b.id DESC LIMIT 1;
-- file: 0002.case.change.rollback.sql
SELECT 1;
