-- case: a reference to a table that a comment and a column name: it is locked, too
-- finds: second-table on users, several-tables
-- locks: ACCESS EXCLUSIVE on tasks, SHARE ROW EXCLUSIVE on users
-- proof: lossy
-- squawk: adding-foreign-key-constraint refuted
-- when: all
-- file: 0001.before.sql
CREATE TABLE users (id bigint PRIMARY KEY);
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks
    -- one of users, or nobody
    ADD COLUMN users bigint REFERENCES users (id);
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN users;
