-- case: CASCADE drops the triggers that call the function
-- finds: cascade, second-table on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: ban-drop-function confirmed
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER tr_tasks_touch BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION touch();
-- file: 0002.case.change.sql
DROP FUNCTION touch() CASCADE;
-- file: 0002.case.change.rollback.sql
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER tr_tasks_touch BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION touch();
