-- case: a column of a view becomes an expression: an UPDATE of it fails
-- finds: breaking-change on titles
-- locks: ACCESS EXCLUSIVE on titles
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE VIEW titles AS SELECT t.id, t.title FROM tasks AS t;
-- file: 0002.case.change.sql
CREATE OR REPLACE VIEW titles AS SELECT t.id, lower(t.title) AS title FROM tasks AS t;
-- file: 0002.case.change.rollback.sql
CREATE OR REPLACE VIEW titles AS SELECT t.id, t.title FROM tasks AS t;
