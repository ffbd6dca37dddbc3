-- case: the function of an index gets another cost, but no other body
-- finds: nothing
-- locks: none
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE FUNCTION short(t text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT left(t, 9)';
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE INDEX idx_tasks_short ON tasks (short(title));
-- file: 0002.case.change.sql
CREATE OR REPLACE FUNCTION short(t text) RETURNS text IMMUTABLE COST 10 LANGUAGE sql
AS 'SELECT left(t, 9)';
-- file: 0002.case.change.rollback.sql
CREATE OR REPLACE FUNCTION short(t text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT left(t, 9)';
