-- case: a column of a parent table: its children are locked, too
-- finds: second-table on cars, several-tables
-- locks: ACCESS EXCLUSIVE on cars, ACCESS EXCLUSIVE on vehicles
-- proof: lossy
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE vehicles (
    id bigint PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE cars (doors integer) INHERITS (vehicles);
-- file: 0002.case.change.sql
ALTER TABLE vehicles ADD COLUMN note text;
-- file: 0002.case.change.rollback.sql
ALTER TABLE vehicles DROP COLUMN note;
