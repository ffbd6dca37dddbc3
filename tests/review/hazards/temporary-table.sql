-- case: a temporary table with all rows
-- finds: nothing
-- locks: none
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
CREATE TEMPORARY TABLE chosen ON COMMIT DROP AS
SELECT t.id FROM tasks AS t;
-- file: 0002.case.change.rollback.sql
SELECT 1;
