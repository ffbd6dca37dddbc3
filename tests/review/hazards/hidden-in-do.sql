-- case: a rewrite in a DO block
-- finds: rewrite on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: silent
-- when: fast
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
DO $$
BEGIN
    EXECUTE format('ALTER TABLE %I ADD COLUMN token uuid DEFAULT gen_random_uuid()', 'tasks');
END
$$;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN token;
