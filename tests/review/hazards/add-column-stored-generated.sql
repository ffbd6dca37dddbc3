-- case: a stored generated column
-- finds: rewrite on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: adding-field-with-default confirmed
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ADD COLUMN title_length integer GENERATED ALWAYS AS (length(title)) STORED;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN title_length;
