-- case: a column whose default differs from row to row, on a parent table
-- finds: rewrite on cars, rewrite on vehicles, second-table on cars, several-tables
-- locks: ACCESS EXCLUSIVE on cars, ACCESS EXCLUSIVE on vehicles
-- proof: lossy
-- squawk: adding-field-with-default confirmed
-- file: 0001.before.sql
CREATE TABLE vehicles (
    id bigint PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE cars (doors integer) INHERITS (vehicles);
-- file: 0002.case.change.sql
ALTER TABLE vehicles ADD COLUMN token uuid DEFAULT gen_random_uuid();
-- file: 0002.case.change.rollback.sql
ALTER TABLE vehicles DROP COLUMN token;
