-- case: a view reads with the rights of its caller
-- finds: access on titles
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
CREATE VIEW titles AS SELECT t.title FROM tasks AS t;
-- file: 0002.case.change.sql
ALTER VIEW titles SET (security_invoker = true);
-- file: 0002.case.change.rollback.sql
ALTER VIEW titles RESET (security_invoker);
