-- case: a header that names no lock mode
-- finds: locks-header, locks-header on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
-- locks: tasks, shortly
-- reversible: yes
ALTER TABLE tasks ADD CONSTRAINT ck_tasks_title CHECK (title <> '') NOT VALID;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP CONSTRAINT ck_tasks_title;
