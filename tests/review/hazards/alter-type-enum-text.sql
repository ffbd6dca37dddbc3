-- case: a column changes from an enum to text
-- finds: breaking-change on tasks, rewrite on tasks, rewrite on tasks in the rollback
-- finds: rollback-fails
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: not measured
-- squawk: changing-column-type confirmed
-- when: all
-- file: 0001.before.sql
CREATE TYPE state AS ENUM ('new', 'done');
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    code state NOT NULL
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ALTER COLUMN code TYPE text USING code::text;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER COLUMN code TYPE state USING code::state;
