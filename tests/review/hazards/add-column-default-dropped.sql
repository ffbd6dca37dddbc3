-- case: a default that is dropped again: existing rows keep it, older INSERTs fail
-- finds: ban-drop-default, breaking-change on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: ban-drop-default beyond measuring
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ADD COLUMN state text NOT NULL DEFAULT 'old';
ALTER TABLE tasks ALTER COLUMN state DROP DEFAULT;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN state;
