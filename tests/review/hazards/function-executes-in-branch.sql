-- case: a function puts a statement together in a loop over no made-up row: unknown
-- finds: large-write
-- locks: none
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    status text NOT NULL
);
CREATE FUNCTION clean_up() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    found record;
BEGIN
    FOR found IN SELECT id FROM tasks WHERE status = 'half-way' LOOP
        EXECUTE 'DELETE FROM ' || quote_ident('tasks') || ' WHERE id = $1' USING found.id;
    END LOOP;
END
$$;
-- file: 0002.case.change.sql
SELECT clean_up();
-- file: 0002.case.change.rollback.sql
SELECT 1;
