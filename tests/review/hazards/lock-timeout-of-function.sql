-- case: a function that waits for locks without a limit is called
-- finds: lock-timeout
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: ban-drop-function refuted
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
CREATE FUNCTION change() RETURNS void LANGUAGE plpgsql SET lock_timeout TO '0' AS $$
BEGIN
    ALTER TABLE tasks ADD COLUMN note text;
END
$$;
SELECT change();
DROP FUNCTION change();
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN note;
