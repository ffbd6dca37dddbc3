-- case: SET UNLOGGED: the table is rewritten, and is empty after a crash
-- finds: breaking-change on tasks, rewrite on tasks, rewrite on tasks in the rollback
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks SET UNLOGGED;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks SET LOGGED;
