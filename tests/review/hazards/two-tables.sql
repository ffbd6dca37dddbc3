-- case: ALTER TABLE of two tables in one file
-- finds: several-tables
-- locks: ACCESS EXCLUSIVE on tasks, ACCESS EXCLUSIVE on users
-- proof: lossy
-- squawk: silent
-- when: all
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
ALTER TABLE users ADD COLUMN note text;
-- file: 0002.case.change.rollback.sql
ALTER TABLE users DROP COLUMN note;
ALTER TABLE tasks DROP COLUMN note;
