-- case: a column that references another table: no row is read, two tables are locked
-- finds: second-table on users, several-tables
-- locks: ACCESS EXCLUSIVE on tasks, SHARE ROW EXCLUSIVE on users
-- proof: lossy
-- squawk: adding-foreign-key-constraint refuted
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);

CREATE TABLE users (
    id bigint PRIMARY KEY,
    email text NOT NULL
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ADD COLUMN user_id bigint CONSTRAINT fk_tasks_user_id REFERENCES users (id);
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN user_id;
