-- case: a default is dropped
-- finds: ban-drop-default
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: ban-drop-default beyond measuring
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
ALTER TABLE tasks ALTER COLUMN priority SET DEFAULT 3;
-- file: 0002.case.change.sql
ALTER TABLE tasks ALTER COLUMN priority DROP DEFAULT;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER COLUMN priority SET DEFAULT 3;
