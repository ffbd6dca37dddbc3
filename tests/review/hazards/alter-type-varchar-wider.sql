-- case: a longer varchar: no row is read, but the rollback fails on longer values
-- finds: prefer-text-field, rewrite on tasks in the rollback, rollback-fails
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: not measured
-- squawk: changing-column-type refuted, prefer-text-field beyond measuring
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    code varchar(20) NOT NULL
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ALTER COLUMN code TYPE varchar(40);
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER COLUMN code TYPE varchar(20);
