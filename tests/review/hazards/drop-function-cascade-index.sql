-- case: CASCADE drops the index on a function, which the file does not name
-- finds: breaking-change, cascade, index-build on tasks in the rollback, second-table on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: ban-drop-function confirmed
-- file: 0001.before.sql
CREATE FUNCTION short(t text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT left(t, 9)';
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE INDEX idx_tasks_short ON tasks (short(title));
-- file: 0002.case.change.sql
DROP FUNCTION short(text) CASCADE; -- and idx_tasks_short
-- file: 0002.case.change.rollback.sql
CREATE FUNCTION short(t text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT left(t, 9)';
CREATE INDEX idx_tasks_short ON tasks (short(title));
