-- case: a trigger: writes are blocked
-- finds: nothing
-- locks: SHARE ROW EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
-- file: 0002.case.change.sql
CREATE TRIGGER tr_tasks_touch BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION touch();
-- file: 0002.case.change.rollback.sql
DROP TRIGGER tr_tasks_touch ON tasks;
