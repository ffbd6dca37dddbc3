-- case: numeric with another scale: every row is rewritten
-- finds: rewrite on tasks, rewrite on tasks in the rollback
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: changing-column-type confirmed
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    code numeric(10, 2) NOT NULL
);
-- file: 0002.case.change.sql
-- reversible: lossy: the third and fourth decimal
ALTER TABLE tasks ALTER COLUMN code TYPE numeric(12, 4);
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER COLUMN code TYPE numeric(10, 2);
