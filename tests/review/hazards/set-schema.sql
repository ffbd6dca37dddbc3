-- case: a table is moved to another schema
-- finds: ban-set-schema, breaking-change on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: ban-set-schema beyond measuring
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE SCHEMA app;
-- file: 0002.case.change.sql
ALTER TABLE tasks SET SCHEMA app;
-- file: 0002.case.change.rollback.sql
ALTER TABLE app.tasks SET SCHEMA public;
