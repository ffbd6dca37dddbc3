-- case: a procedure that commits each batch
-- finds: nothing
-- locks: ROW EXCLUSIVE on tasks
-- proof: irreversible
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE PROCEDURE fill_priority() LANGUAGE plpgsql AS $$
DECLARE
    batch bigint[];
    last_id bigint := -9223372036854775808;
BEGIN
    LOOP
        SELECT array_agg(n.id) INTO batch
        FROM (SELECT t.id FROM tasks AS t WHERE t.id > last_id ORDER BY t.id LIMIT 10) AS n;
        EXIT WHEN batch IS NULL;
        UPDATE tasks SET priority = 5 WHERE id = ANY (batch);
        last_id := batch[cardinality(batch)];
        COMMIT;
    END LOOP;
END
$$;
-- file: 0002.case.change.sql
-- transactional: false
-- reversible: no: the priorities before are gone
CALL fill_priority();
-- file: 0002.case.change.rollback.sql
DO $$ BEGIN RAISE EXCEPTION 'no way back'; END $$;
