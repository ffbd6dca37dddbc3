-- case: a trigger that fires on a replica alone: the application's rows pass by it
-- finds: breaking-change on tasks
-- locks: SHARE ROW EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    status text NOT NULL
);
CREATE FUNCTION fold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.title := lower(NEW.title);
    RETURN NEW;
END
$$;
CREATE TRIGGER tasks_fold BEFORE INSERT OR UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION fold();
-- file: 0002.case.change.sql
ALTER TABLE tasks ENABLE REPLICA TRIGGER tasks_fold;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ENABLE TRIGGER tasks_fold;
