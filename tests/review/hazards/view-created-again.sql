-- case: a view is dropped and created again: its privileges are gone
-- finds: access on titles
-- locks: ACCESS EXCLUSIVE on titles
-- proof: lossless
-- squawk: ban-drop-view refuted
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE VIEW titles AS SELECT t.title FROM tasks AS t;
GRANT SELECT ON titles TO PUBLIC;
-- file: 0002.case.change.sql
DROP VIEW titles;
CREATE VIEW titles AS SELECT t.title FROM tasks AS t WHERE t.priority > 1;
-- file: 0002.case.change.rollback.sql
DROP VIEW titles;
CREATE VIEW titles AS SELECT t.title FROM tasks AS t;
GRANT SELECT ON titles TO PUBLIC;
