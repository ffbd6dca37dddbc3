-- case: a column gets a domain with a CHECK: every row is written anew
-- finds: breaking-change on tasks, rewrite on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: changing-column-type confirmed
-- file: 0001.before.sql
CREATE DOMAIN title_text AS text CHECK (length(VALUE) > 0);
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ALTER COLUMN title TYPE title_text;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER COLUMN title TYPE text;
