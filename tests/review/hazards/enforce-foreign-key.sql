-- case: a reference that is ENFORCED from now on: both tables are locked and read
-- finds: scan on tasks, scan on users, second-table on users, several-tables
-- locks: ACCESS EXCLUSIVE on tasks, SHARE ROW EXCLUSIVE on users
-- proof: lossless
-- squawk: silent
-- since: 18
-- file: 0001.before.sql
CREATE TABLE users (id bigint PRIMARY KEY);
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    user_id bigint NOT NULL,
    CONSTRAINT fk_tasks_user FOREIGN KEY (user_id) REFERENCES users (id) NOT ENFORCED
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ALTER CONSTRAINT fk_tasks_user ENFORCED;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER CONSTRAINT fk_tasks_user NOT ENFORCED;
