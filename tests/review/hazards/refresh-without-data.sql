-- case: a materialized view is emptied: every query on it fails until it is refreshed
-- finds: breaking-change on titles, rewrite on titles, rewrite on titles in the rollback
-- locks: ACCESS EXCLUSIVE on titles
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    status text NOT NULL
);
CREATE MATERIALIZED VIEW titles AS SELECT title FROM tasks;
-- file: 0002.case.change.sql
REFRESH MATERIALIZED VIEW titles WITH NO DATA;
-- file: 0002.case.change.rollback.sql
REFRESH MATERIALIZED VIEW titles;
