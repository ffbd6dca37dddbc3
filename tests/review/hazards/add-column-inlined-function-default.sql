-- case: a default that calls a function which PostgreSQL inlines to a constant
-- finds: nothing
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: adding-field-with-default refuted
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE FUNCTION label() RETURNS text LANGUAGE sql AS 'SELECT ''new''';
-- file: 0002.case.change.sql
ALTER TABLE tasks ADD COLUMN state text DEFAULT label();
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN state;
