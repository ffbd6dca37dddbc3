-- case: several changes in one ALTER TABLE: one rewrite
-- finds: rewrite on tasks, rewrite on tasks in the rollback
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: adding-field-with-default confirmed, changing-column-type confirmed
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks
    ADD COLUMN note text,
    ADD COLUMN token uuid DEFAULT gen_random_uuid(),
    ALTER COLUMN priority TYPE bigint,
    ALTER COLUMN title SET DEFAULT '';
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks
    ALTER COLUMN title DROP DEFAULT,
    ALTER COLUMN priority TYPE integer USING CASE WHEN priority < 2147483648 THEN priority END,
    DROP COLUMN token,
    DROP COLUMN note;
