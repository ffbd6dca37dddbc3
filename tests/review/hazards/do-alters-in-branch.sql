-- case: a DO block whose ALTER TABLE depends on a row that made-up ones have not: unknown
-- finds: large-write on tasks
-- locks: none
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    status text NOT NULL
);
-- file: 0002.case.change.sql
DO $$
BEGIN
    IF EXISTS (SELECT FROM tasks WHERE status = 'half-way') THEN
        ALTER TABLE tasks ALTER COLUMN id TYPE numeric;
    END IF;
END
$$;
-- file: 0002.case.change.rollback.sql
SELECT 1;
