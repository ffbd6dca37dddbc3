-- case: a new value of an enum: no table is locked
-- finds: nothing
-- locks: none
-- proof: irreversible
-- squawk: silent
-- when: fast
-- file: 0001.before.sql
CREATE TYPE state AS ENUM ('new', 'done');
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    code state NOT NULL
);
-- file: 0002.case.change.sql
-- locks: none
-- reversible: no: rows may have the value
ALTER TYPE state ADD VALUE 'late' AFTER 'done';
-- file: 0002.case.change.rollback.sql
DO $$ BEGIN RAISE EXCEPTION 'a value of an enum cannot be dropped'; END $$;
