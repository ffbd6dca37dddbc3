-- case: a header that leaves out a locked table
-- finds: locks-header on users, second-table on users, several-tables
-- locks: SHARE ROW EXCLUSIVE on tasks, SHARE ROW EXCLUSIVE on users
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE users (
    id bigint PRIMARY KEY,
    email text NOT NULL
);
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    user_id bigint NOT NULL,
    title text NOT NULL
);
-- file: 0002.case.change.sql
-- locks: SHARE ROW EXCLUSIVE on tasks
-- reversible: yes
ALTER TABLE tasks ADD CONSTRAINT fk_tasks_user_id FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP CONSTRAINT fk_tasks_user_id;
