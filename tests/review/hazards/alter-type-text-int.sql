-- case: a column changes from text to integer
-- finds: ban-drop-constraint, breaking-change on tasks, rewrite on tasks
-- finds: rewrite on tasks in the rollback
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: ban-drop-constraint beyond measuring, changing-column-type confirmed, constraint-missing-not-valid confirmed
-- when: fast
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    code text NOT NULL CONSTRAINT ck_tasks_code CHECK (code ~ '^[1-9][0-9]{3}$')
);
-- file: 0002.case.change.sql
ALTER TABLE tasks
    DROP CONSTRAINT ck_tasks_code,
    ALTER COLUMN code TYPE integer USING code::integer,
    ADD CONSTRAINT ck_tasks_code CHECK (code BETWEEN 1000 AND 9999);
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks
    DROP CONSTRAINT ck_tasks_code,
    ALTER COLUMN code TYPE text USING code::text,
    ADD CONSTRAINT ck_tasks_code CHECK (code ~ '^[1-9][0-9]{3}$');
