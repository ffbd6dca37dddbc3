-- case: a new table with two references: two tables are locked
-- finds: second-table on tasks, second-table on users, several-tables
-- locks: SHARE ROW EXCLUSIVE on tasks, SHARE ROW EXCLUSIVE on users
-- proof: lossy
-- squawk: silent
-- when: fast
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
CREATE TABLE votes (
    task_id bigint NOT NULL REFERENCES tasks (id),
    user_id bigint NOT NULL REFERENCES users (id),
    PRIMARY KEY (task_id, user_id)
);
-- file: 0002.case.change.rollback.sql
DROP TABLE votes;
