-- case: a DO block whose comment and notice name an UPDATE: it writes nothing
-- finds: nothing
-- locks: none
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL
);
CREATE FUNCTION clean_up() RETURNS void LANGUAGE sql AS 'DELETE FROM tasks';
-- file: 0002.case.change.sql
DO $$
BEGIN
    -- DELETE FROM tasks was done by the application.
    RAISE NOTICE 'UPDATE tasks before the next release, or SELECT clean_up()';
END
$$;
-- file: 0002.case.change.rollback.sql
SELECT 1;
