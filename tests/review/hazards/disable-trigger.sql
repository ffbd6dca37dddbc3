-- case: a trigger is disabled
-- finds: breaking-change on tasks
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
CREATE TRIGGER tr_tasks_touch BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION touch();
-- file: 0002.case.change.sql
ALTER TABLE tasks DISABLE TRIGGER tr_tasks_touch;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ENABLE TRIGGER tr_tasks_touch;
