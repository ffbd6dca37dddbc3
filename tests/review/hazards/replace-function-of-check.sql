-- case: a function replaced that a CHECK calls: old rows may break it, and nothing says so
-- finds: corruption on tasks
-- locks: none
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE FUNCTION fits(title text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT length(title) > 0 $$;
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL CHECK (fits(title))
);
-- file: 0002.case.change.sql
CREATE OR REPLACE FUNCTION fits(title text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT length(title) > 1 $$;
-- file: 0002.case.change.rollback.sql
CREATE OR REPLACE FUNCTION fits(title text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT length(title) > 0 $$;
