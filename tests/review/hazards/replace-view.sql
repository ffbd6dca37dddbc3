-- case: a view is replaced
-- finds: nothing
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
CREATE OR REPLACE VIEW titles AS SELECT t.title FROM tasks AS t WHERE t.priority > 0;
-- file: 0002.case.change.rollback.sql
CREATE OR REPLACE VIEW titles AS SELECT t.title FROM tasks AS t;
