-- case: a lock on one table while the index of another is built
-- finds: index-build on users, several-tables, work-after-lock on tasks
-- locks: ACCESS EXCLUSIVE on tasks, SHARE on users
-- proof: lossy
-- squawk: require-concurrent-index-creation confirmed
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
ALTER TABLE tasks ADD COLUMN note text;
CREATE INDEX idx_users_email ON users (email);
-- file: 0002.case.change.rollback.sql
DROP INDEX idx_users_email;
ALTER TABLE tasks DROP COLUMN note;
