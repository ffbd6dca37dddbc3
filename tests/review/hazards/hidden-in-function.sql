-- case: a rewrite in a function, called by SELECT
-- finds: rewrite on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE FUNCTION add_token() RETURNS void LANGUAGE sql AS 'ALTER TABLE tasks ADD COLUMN token uuid DEFAULT gen_random_uuid();';
-- file: 0002.case.change.sql
SELECT add_token();
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN token;
