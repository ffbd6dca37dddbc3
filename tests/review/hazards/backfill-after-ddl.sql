-- case: a column and its backfill in one file: everybody waits for the UPDATE
-- finds: large-write on tasks, work-after-lock on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ADD COLUMN slug text;
UPDATE tasks SET slug = lower(title);
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN slug;
