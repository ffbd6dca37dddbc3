-- case: a unique constraint is renamed: ON CONFLICT ON CONSTRAINT does not find it
-- finds: breaking-change on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: renaming-object confirmed
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    code text CONSTRAINT tasks_code UNIQUE
);
-- file: 0002.case.change.sql
ALTER TABLE tasks RENAME CONSTRAINT tasks_code TO tasks_code_key;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks RENAME CONSTRAINT tasks_code_key TO tasks_code;
