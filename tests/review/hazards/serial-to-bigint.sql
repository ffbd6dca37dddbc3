-- case: a serial column becomes bigint, and its sequence still ends at two billion
-- finds: breaking-change on tasks, rewrite on tasks, rewrite on tasks in the rollback
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: changing-column-type confirmed
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id serial PRIMARY KEY,
    title text NOT NULL
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ALTER COLUMN id TYPE bigint;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER COLUMN id TYPE integer;
