-- case: no rollback is possible, but the header says there is one
-- finds: rollback-fails
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: irreversible
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
-- reversible: yes
ALTER TABLE tasks ADD COLUMN note text;
-- file: 0002.case.change.rollback.sql
DO $$ BEGIN RAISE EXCEPTION 'not now'; END $$;
