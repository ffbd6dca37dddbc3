-- case: a function calls one that deletes in a loop over no made-up row: unknown
-- finds: large-write on tasks
-- locks: none
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE users (
    id bigint PRIMARY KEY,
    email text NOT NULL UNIQUE
);
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users,
    status text NOT NULL
);
CREATE INDEX tasks_user ON tasks (user_id);
CREATE FUNCTION forget() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    gone record;
BEGIN
    FOR gone IN SELECT id FROM users WHERE email LIKE '%@old.example' LOOP
        DELETE FROM tasks WHERE user_id = gone.id;
    END LOOP;
END
$$;
CREATE FUNCTION clean_up() RETURNS void LANGUAGE sql AS 'SELECT forget()';
-- file: 0002.case.change.sql
SELECT clean_up();
-- file: 0002.case.change.rollback.sql
SELECT 1;
