-- case: a column whose default is the current time: another value for each row
-- finds: rewrite on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: adding-field-with-default confirmed
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ADD COLUMN seen_at timestamptz DEFAULT clock_timestamp();
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN seen_at;
