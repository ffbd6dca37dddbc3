-- case: DISABLE TRIGGER ALL: references are not checked any more
-- finds: corruption on tasks
-- locks: SHARE ROW EXCLUSIVE on users
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
ALTER TABLE users DISABLE TRIGGER ALL;
-- file: 0002.case.change.rollback.sql
ALTER TABLE users ENABLE TRIGGER ALL;
