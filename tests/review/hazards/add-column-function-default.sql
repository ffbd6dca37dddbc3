-- case: a default that calls a function not marked as STABLE
-- finds: rewrite on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: adding-field-with-default confirmed
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE FUNCTION label() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'new'; END $$;
-- file: 0002.case.change.sql
ALTER TABLE tasks ADD COLUMN state text DEFAULT label();
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN state;
