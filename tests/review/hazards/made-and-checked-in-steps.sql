-- case: a column in steps: added, filled from outside, checked that no row is left, NOT NULL
-- finds: scan on tasks in the rollback
-- locks: ACCESS EXCLUSIVE on tasks, SHARE ROW EXCLUSIVE on groups
-- proof: lossy
-- squawk: adding-not-nullable-field refuted, adding-foreign-key-constraint refuted, ban-drop-constraint refuted
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.groups.create.sql
CREATE TABLE groups (id bigint PRIMARY KEY, name text NOT NULL);
-- file: 0002.groups.create.rollback.sql
DROP TABLE groups;
-- file: 0003.tasks.group.sql
-- locks: ACCESS EXCLUSIVE on tasks, SHARE ROW EXCLUSIVE on groups
-- reversible: lossy: the groups
ALTER TABLE tasks ADD COLUMN group_id bigint REFERENCES groups (id);
-- file: 0003.tasks.group.rollback.sql
ALTER TABLE tasks DROP COLUMN group_id;
-- file: 0004.tasks.group_is_there.sql
DO $$
BEGIN
    IF EXISTS (SELECT FROM tasks WHERE group_id IS NULL) THEN
        RAISE EXCEPTION 'there are tasks without a group';
    END IF;
END
$$;
-- file: 0005.tasks.group_check.sql
ALTER TABLE tasks ADD CONSTRAINT ck_tasks_group CHECK (group_id IS NOT NULL) NOT VALID;
-- file: 0005.tasks.group_check.rollback.sql
ALTER TABLE tasks DROP CONSTRAINT ck_tasks_group;
-- file: 0006.tasks.group_valid.sql
ALTER TABLE tasks VALIDATE CONSTRAINT ck_tasks_group;
-- file: 0006.tasks.group_valid.rollback.sql
ALTER TABLE tasks DROP CONSTRAINT ck_tasks_group;
ALTER TABLE tasks ADD CONSTRAINT ck_tasks_group CHECK (group_id IS NOT NULL) NOT VALID;
-- file: 0007.tasks.group_not_null.sql
ALTER TABLE tasks ALTER COLUMN group_id SET NOT NULL;
ALTER TABLE tasks DROP CONSTRAINT ck_tasks_group;
-- file: 0007.tasks.group_not_null.rollback.sql
ALTER TABLE tasks ADD CONSTRAINT ck_tasks_group CHECK (group_id IS NOT NULL);
ALTER TABLE tasks ALTER COLUMN group_id DROP NOT NULL;
