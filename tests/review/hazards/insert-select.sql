-- case: an INSERT of many rows into a table in use
-- finds: large-write on archive
-- locks: ROW EXCLUSIVE on archive
-- proof: irreversible
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE TABLE archive (
    task_id bigint NOT NULL,
    title text NOT NULL
);
-- file: 0002.case.change.sql
-- reversible: no: nobody knows which rows were copied
INSERT INTO archive (task_id, title)
SELECT t.id, t.title FROM tasks AS t;
-- file: 0002.case.change.rollback.sql
DO $$ BEGIN RAISE EXCEPTION 'no way back'; END $$;
