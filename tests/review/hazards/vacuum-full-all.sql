-- case: VACUUM FULL of every table
-- finds: rewrite on tasks, rewrite on users
-- locks: ACCESS EXCLUSIVE on tasks, ACCESS EXCLUSIVE on users
-- proof: lossless
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
-- transactional: false
VACUUM FULL;
-- file: 0002.case.change.rollback.sql
SELECT 1;
