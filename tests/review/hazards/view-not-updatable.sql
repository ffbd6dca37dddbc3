-- case: a view gets DISTINCT: nothing can be written through it any more
-- finds: breaking-change on titles
-- locks: ACCESS EXCLUSIVE on titles
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE VIEW titles AS SELECT t.title FROM tasks AS t;
-- file: 0002.case.change.sql
CREATE OR REPLACE VIEW titles AS SELECT DISTINCT t.title FROM tasks AS t;
-- file: 0002.case.change.rollback.sql
CREATE OR REPLACE VIEW titles AS SELECT t.title FROM tasks AS t;
