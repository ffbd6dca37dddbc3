-- case: a DO block that commits each batch
-- finds: rollback-loss
-- locks: ROW EXCLUSIVE on tasks
-- proof: lossy
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
-- transactional: false
DO $$
BEGIN
    LOOP
        UPDATE tasks SET priority = 1
        WHERE id IN (SELECT t.id FROM tasks AS t WHERE t.priority IS NULL LIMIT 10);
        EXIT WHEN NOT FOUND;
        COMMIT;
    END LOOP;
END
$$;
-- file: 0002.case.change.rollback.sql
SELECT 1;
