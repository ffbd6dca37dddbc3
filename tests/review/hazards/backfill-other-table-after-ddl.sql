-- case: a lock on one table while another table is written
-- finds: large-write on users, work-after-lock on tasks
-- locks: ACCESS EXCLUSIVE on tasks, ROW EXCLUSIVE on users
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
-- reversible: lossy: how the addresses were written
ALTER TABLE tasks ADD COLUMN note text;
UPDATE users SET email = upper(email);
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN note;
