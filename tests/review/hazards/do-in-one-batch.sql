-- case: a DO block that commits all rows at once
-- finds: large-write on tasks, rollback-loss
-- locks: ROW EXCLUSIVE on tasks
-- proof: lossy
-- squawk: silent
-- when: all
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
    UPDATE tasks SET priority = 1 WHERE priority IS NULL;
    COMMIT;
END
$$;
-- file: 0002.case.change.rollback.sql
SELECT 1;
