-- case: two columns are merged, and the rollback splits them differently
-- finds: breaking-change on people, large-write on people, large-write on people in the rollback
-- finds: rollback-loss, scan on people in the rollback, work-after-lock on people
-- finds: work-after-lock on people in the rollback
-- locks: ACCESS EXCLUSIVE on people
-- proof: lossy
-- squawk: ban-drop-column confirmed
-- when: all
-- file: 0001.before.sql
CREATE TABLE people (
    id bigint PRIMARY KEY,
    first_name text NOT NULL,
    last_name text NOT NULL
);
-- file: 0002.case.change.sql
ALTER TABLE people ADD COLUMN name text;
UPDATE people SET name = first_name || ' ' || last_name;
ALTER TABLE people
    DROP COLUMN first_name,
    DROP COLUMN last_name;
-- file: 0002.case.change.rollback.sql
ALTER TABLE people
    ADD COLUMN first_name text,
    ADD COLUMN last_name text;
UPDATE people SET first_name = coalesce(split_part(name, ' ', 1), ''), last_name = 'unknown';
ALTER TABLE people
    DROP COLUMN name,
    ALTER COLUMN first_name SET NOT NULL,
    ALTER COLUMN last_name SET NOT NULL;
