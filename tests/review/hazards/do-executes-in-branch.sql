-- case: a DO block puts a statement together in a branch that the made-up rows do not take: unknown
-- finds: large-write
-- locks: none
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    status text NOT NULL
);
-- file: 0002.case.change.sql
DO $$
DECLARE
    change text := 'UPDATE %I SET status = %L';
BEGIN
    IF EXISTS (SELECT FROM tasks WHERE status = 'half-way') THEN
        EXECUTE format(change, 'tasks', 'done');
    ELSE
        EXECUTE 'SELECT 1';
    END IF;
END
$$;
-- file: 0002.case.change.rollback.sql
SELECT 1;
