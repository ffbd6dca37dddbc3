-- case: a header that says nothing is locked
-- finds: locks-header on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
-- locks: none
-- reversible: yes
ALTER TABLE tasks ADD CONSTRAINT ck_tasks_title CHECK (title <> '') NOT VALID;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP CONSTRAINT ck_tasks_title;
