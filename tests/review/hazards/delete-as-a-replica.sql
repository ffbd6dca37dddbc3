-- case: rows are deleted while no reference is checked: orphans are left
-- finds: corruption
-- finds: large-write on users
-- finds: rollback-loss
-- locks: ROW EXCLUSIVE on users
-- proof: lossy
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
SET LOCAL session_replication_role TO replica;
DELETE FROM users WHERE id > 0;
-- file: 0002.case.change.rollback.sql
SELECT 1;
