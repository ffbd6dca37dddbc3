-- case: a reference is replaced by one that deletes: what failed before deletes rows now
-- finds: ban-drop-constraint, breaking-change on tasks, scan on tasks in the rollback, scan on users in the rollback, second-table on users, several-tables
-- locks: ACCESS EXCLUSIVE on tasks, ACCESS EXCLUSIVE on users
-- proof: lossless
-- squawk: ban-drop-constraint beyond measuring
-- file: 0001.before.sql
CREATE TABLE users (
    id bigint PRIMARY KEY
);
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    user_id bigint CONSTRAINT tasks_user REFERENCES users
);
CREATE INDEX tasks_user_id ON tasks (user_id);
-- file: 0002.case.change.sql
ALTER TABLE tasks
    DROP CONSTRAINT tasks_user,
    ADD CONSTRAINT tasks_user_cascade FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE NOT VALID;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks
    DROP CONSTRAINT tasks_user_cascade,
    ADD CONSTRAINT tasks_user FOREIGN KEY (user_id) REFERENCES users;
