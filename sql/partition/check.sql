-- Step 3 of 5. Compares all rows of the old and the new tables, as they are at one moment:
--
--     psql -X -f sql/partition/check.sql "$DATABASE_URL"
--
-- It keeps nobody waiting, but while it reads, VACUUM removes nothing that was deleted since it began.
-- If rows differ, run copy.sql again, which corrects them, and then this.
\ir prepared.sql
BEGIN ISOLATION LEVEL REPEATABLE READ;
CREATE TEMPORARY TABLE sums (table_name, leader, follower) ON COMMIT PRESERVE ROWS AS
SELECT
    'generated_content',
    (
        SELECT count(*) || ' rows, sum ' || coalesce(sum(hashtextextended(t::text, 0)), 0)
        FROM public.generated_content AS t
    ),
    (
        SELECT count(*) || ' rows, sum ' || coalesce(sum(hashtextextended(t::text, 0)), 0)
        FROM partitioning.generated_content AS t
    )
UNION ALL
SELECT
    'tasks',
    (
        SELECT count(*) || ' rows, sum ' || coalesce(sum(hashtextextended(t::text, 0)), 0)
        FROM public.tasks AS t
    ),
    (
        SELECT count(*) || ' rows, sum ' || coalesce(sum(hashtextextended(t::text, 0)), 0)
        FROM partitioning.tasks AS t
    );
UPDATE partitioning.progress AS p
SET is_same = p.is_copied AND s.leader = s.follower
FROM sums AS s
WHERE p.table_name = s.table_name;
-- The next copy.sql begins anew with what differs.
UPDATE partitioning.progress
SET user_id = DEFAULT, id = DEFAULT, rows_read = DEFAULT, is_copied = DEFAULT
WHERE
    is_copied
    AND NOT is_same;
COMMIT;
SELECT
    s.*,
    p.is_same
FROM sums AS s
INNER JOIN partitioning.progress AS p ON s.table_name = p.table_name;
DO $$
BEGIN
    IF NOT (SELECT bool_and(is_same) FROM partitioning.progress) THEN
        RAISE 'Rows differ, or are not copied yet.' USING HINT = 'Run copy.sql, then check.sql again.';
    END IF;
END
$$;
