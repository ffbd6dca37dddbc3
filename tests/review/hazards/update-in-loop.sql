-- case: a DO block that writes row by row, in one transaction
-- finds: large-write on tasks
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
-- reversible: lossy: the priorities before
DO $$
DECLARE
    task_id bigint;
BEGIN
    FOR task_id IN SELECT t.id FROM tasks AS t LOOP
        UPDATE tasks SET priority = 5 WHERE id = task_id;
    END LOOP;
END
$$;
-- file: 0002.case.change.rollback.sql
SELECT 1;
