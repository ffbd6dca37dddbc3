-- case: CASCADE drops the references of other tables
-- finds: ban-drop-constraint, breaking-change on tasks, cascade
-- finds: index-build on tasks in the rollback, rollback-fails, scan on comments in the rollback
-- finds: scan on tasks in the rollback, second-table on comments, several-tables
-- locks: ACCESS EXCLUSIVE on comments, ACCESS EXCLUSIVE on tasks
-- proof: not measured
-- squawk: ban-drop-constraint beyond measuring
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL
);
CREATE TABLE comments (
    id bigint PRIMARY KEY,
    task_id bigint NOT NULL REFERENCES tasks (id),
    body text NOT NULL
);
-- file: 0002.case.change.sql
ALTER TABLE tasks DROP CONSTRAINT tasks_pkey CASCADE;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ADD CONSTRAINT tasks_pkey PRIMARY KEY (id);
ALTER TABLE comments ADD CONSTRAINT comments_task_id_fkey FOREIGN KEY (task_id) REFERENCES tasks (id);
