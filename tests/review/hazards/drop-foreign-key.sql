-- case: a reference is dropped: both tables are locked, and the rollback fails on new orphans
-- finds: ban-drop-constraint, rollback-fails, scan on tasks in the rollback
-- finds: scan on users in the rollback, second-table on users, several-tables
-- locks: ACCESS EXCLUSIVE on tasks, ACCESS EXCLUSIVE on users
-- proof: not measured
-- squawk: ban-drop-constraint beyond measuring
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
ALTER TABLE tasks ADD CONSTRAINT fk_tasks_user_id FOREIGN KEY (user_id) REFERENCES users (id);
-- file: 0002.case.change.sql
ALTER TABLE tasks DROP CONSTRAINT fk_tasks_user_id;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ADD CONSTRAINT fk_tasks_user_id FOREIGN KEY (user_id) REFERENCES users (id);
