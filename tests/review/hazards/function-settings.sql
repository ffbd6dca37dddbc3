-- case: a function gets a search_path of its own: its names may mean other tables
-- finds: breaking-change
-- locks: none
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    status text NOT NULL
);
CREATE FUNCTION open_tasks() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM tasks
$$;
-- file: 0002.case.change.sql
ALTER FUNCTION open_tasks() SET search_path TO pg_catalog;
-- file: 0002.case.change.rollback.sql
ALTER FUNCTION open_tasks() RESET search_path;
