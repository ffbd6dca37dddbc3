-- case: a DO block puts statements together for what is in the catalogue: all of them run
-- finds: nothing
-- locks: SHARE UPDATE EXCLUSIVE on tasks
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
    found record;
BEGIN
    FOR found IN SELECT relname FROM pg_class WHERE oid = 'tasks'::regclass LOOP
        EXECUTE format('ALTER TABLE %I SET (fillfactor = 90)', found.relname);
        IF found.relname = 'others' THEN
            EXECUTE format('GRANT SELECT ON %I TO PUBLIC', found.relname);
        END IF;
    END LOOP;
END
$$;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks RESET (fillfactor);
