-- case: another storage of a column: no row is written
-- finds: nothing
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ALTER COLUMN title SET STORAGE EXTERNAL;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER COLUMN title SET STORAGE EXTENDED;
