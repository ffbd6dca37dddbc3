-- case: a DO block that asks the catalogue alone, and finds nothing to change: as in production
-- finds: nothing
-- locks: none
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    status text NOT NULL
);
-- file: 0002.case.change.sql
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN SELECT conname FROM pg_constraint WHERE conname LIKE 'old_%' LOOP
        EXECUTE format('ALTER TABLE tasks DROP CONSTRAINT %I', found.conname);
    END LOOP;
    BEGIN
        ALTER TABLE tasks ADD COLUMN status text;
    EXCEPTION WHEN duplicate_column THEN
        RAISE NOTICE 'status is there';
    END;
END
$$;
-- file: 0002.case.change.rollback.sql
SELECT 1;
