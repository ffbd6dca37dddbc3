-- case: a table is replaced by a copy under its name: the reference and the trigger stay with the old one
-- finds: table-swap on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: renaming-table confirmed, renaming-table refuted
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE TABLE comments (id bigint PRIMARY KEY, task_id bigint NOT NULL REFERENCES tasks (id));
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER tr_tasks BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION touch();
-- file: 0002.case.change.sql
CREATE TABLE tasks_new (LIKE tasks INCLUDING ALL);
INSERT INTO tasks_new SELECT t.* FROM tasks AS t;
ALTER TABLE tasks RENAME TO tasks_old;
ALTER TABLE tasks_new RENAME TO tasks;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks RENAME TO tasks_new;
ALTER TABLE tasks_old RENAME TO tasks;
DROP TABLE tasks_new;
