-- case: SET LOGGED: the table is rewritten, and written to the WAL
-- finds: rewrite on tasks, rewrite on tasks in the rollback
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE UNLOGGED TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks SET LOGGED;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks SET UNLOGGED;
