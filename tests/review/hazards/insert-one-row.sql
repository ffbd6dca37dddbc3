-- case: an INSERT of one row into a large table, in the lock of a table that nobody works on
-- finds: nothing
-- locks: ROW EXCLUSIVE on tasks, SHARE ROW EXCLUSIVE on users
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE users (
    id bigint PRIMARY KEY,
    email text NOT NULL
);
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL
);
-- file: 0002.case.change.sql
LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO tasks (id, title) VALUES (-1, 'read this first');
-- file: 0002.case.change.rollback.sql
DELETE FROM tasks WHERE id = -1;
