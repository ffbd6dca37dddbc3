-- case: a CHECK is validated in its own file
-- finds: nothing
-- locks: SHARE UPDATE EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
ALTER TABLE tasks ADD CONSTRAINT ck_tasks_title CHECK (title <> '') NOT VALID;
-- file: 0002.case.change.sql
ALTER TABLE tasks VALIDATE CONSTRAINT ck_tasks_title;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP CONSTRAINT ck_tasks_title;
ALTER TABLE tasks ADD CONSTRAINT ck_tasks_title CHECK (title <> '') NOT VALID;
