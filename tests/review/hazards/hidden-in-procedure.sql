-- case: a rewrite in a procedure, called outside a transaction
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
CREATE PROCEDURE add_token() LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE tasks ADD COLUMN token uuid DEFAULT gen_random_uuid(); END $$;
-- file: 0002.case.change.sql
-- transactional: false
CALL add_token();
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN token;
