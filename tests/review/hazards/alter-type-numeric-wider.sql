-- case: numeric with more digits: no row is read, but the rollback fails on larger values
-- finds: rewrite on tasks in the rollback, rollback-fails
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: not measured
-- squawk: changing-column-type refuted
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    code numeric(6, 2) NOT NULL
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ALTER COLUMN code TYPE numeric(12, 2);
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER COLUMN code TYPE numeric(6, 2);
