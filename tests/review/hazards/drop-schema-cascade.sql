-- case: CASCADE drops everything in the schema
-- finds: breaking-change, cascade, rollback-loss, second-table on app.notes
-- locks: ACCESS EXCLUSIVE on app.notes
-- proof: lossy
-- squawk: ban-drop-schema confirmed
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE SCHEMA app;
CREATE TABLE app.notes (id bigint PRIMARY KEY);
-- file: 0002.case.change.sql
DROP SCHEMA app CASCADE;
-- file: 0002.case.change.rollback.sql
CREATE SCHEMA app;
CREATE TABLE app.notes (id bigint PRIMARY KEY);
