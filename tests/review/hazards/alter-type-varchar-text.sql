-- case: varchar becomes text; the rollback cuts longer values, and the header says so
-- finds: rewrite on tasks in the rollback
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: changing-column-type refuted
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    code varchar(8) NOT NULL
);
-- file: 0002.case.change.sql
-- reversible: lossy: what is longer than 8 characters
ALTER TABLE tasks ALTER COLUMN code TYPE text;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER COLUMN code TYPE varchar(8) USING left(code, 8);
