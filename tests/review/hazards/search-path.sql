-- case: a file that sets search_path, so that names mean another table
-- finds: rewrite on app.tasks
-- locks: ACCESS EXCLUSIVE on app.tasks
-- proof: lossy
-- squawk: adding-field-with-default confirmed
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE SCHEMA app;
CREATE TABLE app.tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL
);
-- file: 0002.case.change.sql
SET search_path TO app;
ALTER TABLE tasks ADD COLUMN token uuid DEFAULT gen_random_uuid();
-- file: 0002.case.change.rollback.sql
SET search_path TO app;
ALTER TABLE tasks DROP COLUMN token;
