-- case: a view that may be in use is dropped
-- finds: breaking-change on titles
-- locks: ACCESS EXCLUSIVE on titles
-- proof: lossless
-- squawk: ban-drop-view confirmed
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE VIEW titles AS SELECT t.title FROM tasks AS t;
-- file: 0002.case.change.sql
DROP VIEW titles;
-- file: 0002.case.change.rollback.sql
CREATE VIEW titles AS SELECT t.title FROM tasks AS t;
