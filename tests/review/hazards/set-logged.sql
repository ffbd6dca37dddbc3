-- case: an unlogged table becomes a logged one: it is written anew, into the WAL as well
-- finds: rewrite on tasks
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
