-- case: a DO block whose UPDATE depends on a row that made-up ones have not: unknown
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
-- file: 0002.case.change.sql
DO $$
BEGIN
    IF EXISTS (SELECT FROM users WHERE email = 'root@example.com') THEN
        UPDATE tasks SET status = 'done';
    END IF;
END
$$;
-- file: 0002.case.change.rollback.sql
SELECT 1;
