-- case: a function gets an argument with a default: all calls still work
-- finds: nothing
-- locks: none
-- proof: lossless
-- squawk: ban-drop-function refuted
-- file: 0001.before.sql
CREATE FUNCTION total(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a';
-- file: 0002.case.change.sql
DROP FUNCTION total(integer);
CREATE FUNCTION total(a integer, b integer DEFAULT 0) RETURNS integer LANGUAGE sql AS 'SELECT a + b';
-- file: 0002.case.change.rollback.sql
DROP FUNCTION total(integer, integer);
CREATE FUNCTION total(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a';
