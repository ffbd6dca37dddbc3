-- case: rows are copied while a trigger, a sequence and a view are locked: each stops somebody
-- finds: work-after-lock on numbers, work-after-lock on open_tasks, work-after-lock on users
-- locks: SHARE ROW EXCLUSIVE on users, SHARE ROW EXCLUSIVE on numbers
-- locks: ACCESS EXCLUSIVE on open_tasks
-- proof: lossy
-- squawk: silent
-- when: fast
-- file: 0001.before.sql
CREATE TABLE users (
    id bigint PRIMARY KEY,
    email text NOT NULL
);
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL
);
CREATE SEQUENCE numbers;
CREATE VIEW open_tasks AS SELECT t.id FROM tasks AS t;
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
-- file: 0002.case.change.sql
-- reversible: lossy: copies that were written since
CREATE TRIGGER tr_users BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION keep();
ALTER SEQUENCE numbers INCREMENT BY 10;
CREATE OR REPLACE VIEW open_tasks AS SELECT t.id FROM tasks AS t WHERE t.title <> '';
CREATE TABLE task_copy AS SELECT t.id FROM tasks AS t;
-- file: 0002.case.change.rollback.sql
DROP TABLE task_copy;
CREATE OR REPLACE VIEW open_tasks AS SELECT t.id FROM tasks AS t;
ALTER SEQUENCE numbers INCREMENT BY 1;
DROP TRIGGER tr_users ON users;
