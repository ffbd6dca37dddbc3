-- case: a function is dropped and created with another result: callers get something else
-- finds: breaking-change
-- locks: none
-- proof: lossless
-- squawk: ban-drop-function refuted
-- file: 0001.before.sql
CREATE FUNCTION total(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a';
CREATE FUNCTION rest(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a';
-- file: 0002.case.change.sql
DROP FUNCTION total(integer);
CREATE FUNCTION total(a integer) RETURNS text LANGUAGE sql AS 'SELECT a::text';
DROP FUNCTION rest(integer);
CREATE FUNCTION rest(a integer) RETURNS integer LANGUAGE sql AS 'SELECT 0 - a';
-- file: 0002.case.change.rollback.sql
DROP FUNCTION total(integer);
CREATE FUNCTION total(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a';
CREATE OR REPLACE FUNCTION rest(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a';
