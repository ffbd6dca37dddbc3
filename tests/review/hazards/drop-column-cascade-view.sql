-- case: CASCADE drops a view
-- finds: breaking-change on tasks, cascade, rollback-loss
-- locks: ACCESS EXCLUSIVE on tasks, ACCESS EXCLUSIVE on urgent_tasks
-- proof: lossy
-- squawk: ban-drop-column confirmed
-- when: fast
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE VIEW urgent_tasks AS SELECT t.id FROM tasks AS t WHERE t.priority > 8;
-- file: 0002.case.change.sql
ALTER TABLE tasks DROP COLUMN priority CASCADE;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ADD COLUMN priority integer;
CREATE VIEW urgent_tasks AS SELECT t.id FROM tasks AS t WHERE t.priority > 8;
