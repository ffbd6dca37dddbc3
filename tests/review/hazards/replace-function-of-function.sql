-- case: a function that the function of a CHECK calls is replaced: old rows break the CHECK
-- finds: corruption on tasks
-- locks: none
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE FUNCTION longest() RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 1000';
CREATE FUNCTION fits(t text) RETURNS boolean IMMUTABLE LANGUAGE sql
AS 'SELECT length(t) < longest()';
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
ALTER TABLE tasks ADD CONSTRAINT ck_tasks_title CHECK (fits(title));
-- file: 0002.case.change.sql
CREATE OR REPLACE FUNCTION longest() RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 5';
-- file: 0002.case.change.rollback.sql
CREATE OR REPLACE FUNCTION longest() RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 1000';
