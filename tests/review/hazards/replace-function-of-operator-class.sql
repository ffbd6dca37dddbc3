-- case: the function by which an index is ordered is replaced: searches miss rows
-- finds: corruption on tasks
-- locks: none
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigserial PRIMARY KEY,
    title text NOT NULL,
    status text NOT NULL DEFAULT 'new'
);
CREATE FUNCTION compare(a text, b text) RETURNS integer LANGUAGE sql IMMUTABLE
AS $$ SELECT bttextcmp(a, b) $$;
CREATE OPERATOR CLASS own_order FOR TYPE text USING btree AS
OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 compare(text, text);
CREATE INDEX tasks_title ON tasks (title own_order);
-- file: 0002.case.change.sql
CREATE OR REPLACE FUNCTION compare(a text, b text) RETURNS integer LANGUAGE sql IMMUTABLE
AS $$ SELECT bttextcmp(b, a) $$;
-- file: 0002.case.change.rollback.sql
CREATE OR REPLACE FUNCTION compare(a text, b text) RETURNS integer LANGUAGE sql IMMUTABLE
AS $$ SELECT bttextcmp(a, b) $$;
