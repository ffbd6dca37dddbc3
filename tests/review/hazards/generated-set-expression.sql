-- case: another expression of a stored generated column
-- finds: rewrite on tasks, rewrite on tasks in the rollback
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- since: 17
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    size integer GENERATED ALWAYS AS (length(title)) STORED
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ALTER COLUMN size SET EXPRESSION AS (octet_length(title));
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER COLUMN size SET EXPRESSION AS (length(title));
