-- case: a function is replaced
-- finds: nothing
-- locks: none
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1';
-- file: 0002.case.change.sql
CREATE OR REPLACE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 2 - 1';
-- file: 0002.case.change.rollback.sql
CREATE OR REPLACE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1';
