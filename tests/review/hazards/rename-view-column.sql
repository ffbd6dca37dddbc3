-- case: a column of a view is renamed
-- finds: breaking-change on titles
-- locks: ACCESS EXCLUSIVE on titles
-- proof: lossless
-- squawk: renaming-column confirmed
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE VIEW titles AS SELECT t.title FROM tasks AS t;
-- file: 0002.case.change.sql
ALTER VIEW titles RENAME COLUMN title TO name;
-- file: 0002.case.change.rollback.sql
ALTER VIEW titles RENAME COLUMN name TO title;
