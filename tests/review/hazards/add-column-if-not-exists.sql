-- case: IF NOT EXISTS skips an existing column, and the rollback drops it
-- finds: rollback-differs, rollback-loss
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
ALTER TABLE tasks ADD COLUMN IF NOT EXISTS priority integer;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN priority;
