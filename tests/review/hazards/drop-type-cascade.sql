-- case: CASCADE drops the columns of the type
-- finds: breaking-change, cascade, rollback-loss, second-table on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: ban-drop-type confirmed
-- file: 0001.before.sql
CREATE TYPE state AS ENUM ('new', 'done');
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    progress state
);
-- file: 0002.case.change.sql
DROP TYPE state CASCADE;
-- file: 0002.case.change.rollback.sql
CREATE TYPE state AS ENUM ('new', 'done');
ALTER TABLE tasks ADD COLUMN progress state;
