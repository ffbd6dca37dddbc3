-- case: no rollback is possible, and the header says so
-- finds: breaking-change on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: irreversible
-- squawk: ban-drop-column confirmed
-- when: fast
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
-- reversible: no: nobody knows the priorities any more
ALTER TABLE tasks DROP COLUMN priority;
-- file: 0002.case.change.rollback.sql
DO $$ BEGIN RAISE EXCEPTION 'the priorities are gone'; END $$;
