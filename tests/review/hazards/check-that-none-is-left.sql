-- case: a check that a backfill outside the migration has left no row: it only reads
-- finds: nothing
-- locks: none
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    region text
);
-- file: 0002.case.change.sql
DO $$
BEGIN
    IF EXISTS (SELECT FROM tasks WHERE region IS NULL) THEN
        RAISE EXCEPTION 'there are tasks without a region';
    END IF;
END
$$;
