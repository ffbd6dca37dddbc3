-- case: an aggregate, an operator, a collation, a text search configuration and an attribute are dropped
-- finds: breaking-change
-- locks: none
-- proof: lossless
-- squawk: ban-drop-column confirmed, ban-drop-function confirmed, ban-drop-type confirmed
-- file: 0001.before.sql
CREATE FUNCTION longer(a text, b text) RETURNS text IMMUTABLE LANGUAGE sql
RETURN CASE WHEN length(a) > length(b) THEN a ELSE b END;
CREATE AGGREGATE longest(text) (SFUNC = longer, STYPE = text);
CREATE OPERATOR <|> (LEFTARG = text, RIGHTARG = text, FUNCTION = longer);
CREATE COLLATION plain (PROVIDER = libc, LOCALE = 'C');
CREATE TEXT SEARCH CONFIGURATION simply (COPY = simple);
CREATE TYPE point_of AS (x integer, y integer);
-- file: 0002.case.change.sql
DROP AGGREGATE longest(text);
DROP OPERATOR <|> (text, text);
DROP COLLATION plain;
DROP TEXT SEARCH CONFIGURATION simply;
ALTER TYPE point_of DROP ATTRIBUTE y;
-- file: 0002.case.change.rollback.sql
CREATE AGGREGATE longest(text) (SFUNC = longer, STYPE = text);
CREATE OPERATOR <|> (LEFTARG = text, RIGHTARG = text, FUNCTION = longer);
CREATE COLLATION plain (PROVIDER = libc, LOCALE = 'C');
CREATE TEXT SEARCH CONFIGURATION simply (COPY = simple);
ALTER TYPE point_of ADD ATTRIBUTE y integer;
