-- case: an attribute of a type that tables are made of: each of them is locked, and not rewritten
-- finds: nothing
-- locks: ACCESS EXCLUSIVE on typed
-- proof: lossy
-- squawk: silent
-- file: 0001.before.sql
CREATE TYPE row_of AS (id bigint, name text);
CREATE TABLE typed OF row_of;
-- file: 0002.case.change.sql
ALTER TYPE row_of ADD ATTRIBUTE extra text CASCADE;
-- file: 0002.case.change.rollback.sql
ALTER TYPE row_of DROP ATTRIBUTE extra CASCADE;
