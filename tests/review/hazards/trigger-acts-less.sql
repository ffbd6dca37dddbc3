-- case: a trigger is created again for INSERT alone: UPDATE does not fire it any more
-- finds: breaking-change on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
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
DROP TRIGGER tasks_fold ON tasks;
CREATE TRIGGER tasks_fold BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION fold();
-- file: 0002.case.change.rollback.sql
DROP TRIGGER tasks_fold ON tasks;
CREATE TRIGGER tasks_fold BEFORE INSERT OR UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION fold();
