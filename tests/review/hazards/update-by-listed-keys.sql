-- case: an UPDATE of rows by a list of keys: few, whether they are there or not
-- finds: nothing
-- locks: ROW EXCLUSIVE on users
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
UPDATE users SET email = 'a' || id WHERE id IN (900001, 900002);
UPDATE users AS u SET email = v.email
FROM (VALUES (900001, 'a@example.com'), (900002, 'b@example.com')) AS v (id, email)
WHERE u.id = v.id;
UPDATE users SET email = 'c' WHERE id = (SELECT id FROM users WHERE email = 'd');
-- file: 0002.case.change.rollback.sql
SELECT 1;
