-- case: a column is renamed
-- finds: breaking-change on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: renaming-column confirmed
-- when: fast
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks RENAME COLUMN title TO name;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks RENAME COLUMN name TO title;
