-- case: SET NOT NULL that a valid CHECK proves
-- finds: scan on tasks in the rollback
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: adding-not-nullable-field refuted, ban-drop-constraint refuted
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
ALTER TABLE tasks ADD CONSTRAINT ck_tasks_priority CHECK (priority IS NOT NULL);
-- file: 0002.case.change.sql
ALTER TABLE tasks ALTER COLUMN priority SET NOT NULL;
ALTER TABLE tasks DROP CONSTRAINT ck_tasks_priority;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ADD CONSTRAINT ck_tasks_priority CHECK (priority IS NOT NULL);
ALTER TABLE tasks ALTER COLUMN priority DROP NOT NULL;
