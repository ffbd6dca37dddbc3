-- case: a serial column on a table in use
-- finds: prefer-identity, rewrite on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: prefer-identity beyond measuring
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ADD COLUMN number serial;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN number;
