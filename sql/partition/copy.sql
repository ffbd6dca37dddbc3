-- Step 2 of 5. Lets the new tables follow the old ones, and copies the rows that are there already:
--
--     psql -X -f sql/partition/copy.sql "$DATABASE_URL"
--
-- Rows are copied in the order of (user_id, id), 1,000 a transaction: `-v batch=500` makes them fewer,
-- and `-v pause=0.1` waits between two, in seconds. A write of the application waits for the batch that
-- copies its row, and no longer. If it is cut off, run it again: it goes on. end.sql undoes it.
\ir prepared.sql
\if :{?batch}
\else
\set batch 1000
\endif
\if :{?pause}
\else
\set pause 0
\endif
CALL partitioning.follow('tasks');
CALL partitioning.copy('tasks', :batch, :pause);
-- A content refers to a task: all tasks are there now.
CALL partitioning.follow('generated_content');
CALL partitioning.copy('generated_content', :batch, :pause);
ANALYZE partitioning.tasks, partitioning.generated_content;
SELECT table_name, rows_read, is_copied FROM partitioning.progress ORDER BY table_name DESC;
