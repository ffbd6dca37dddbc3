-- case: a DELETE that also deletes the rows of another table, by ON DELETE CASCADE
-- finds: large-write on comments, large-write on tasks
-- locks: ROW EXCLUSIVE on comments, ROW EXCLUSIVE on tasks
-- proof: irreversible
-- squawk: silent
-- when: fast
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL
);
CREATE TABLE comments (
    id bigint PRIMARY KEY,
    task_id bigint NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    body text NOT NULL
);
-- file: 0002.case.change.sql
-- reversible: no: the tasks are gone
DELETE FROM tasks;
-- file: 0002.case.change.rollback.sql
DO $$ BEGIN RAISE EXCEPTION 'no way back'; END $$;
