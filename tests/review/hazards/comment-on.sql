-- case: a comment
-- finds: nothing
-- locks: SHARE UPDATE EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
COMMENT ON TABLE tasks IS 'What is to be done.';
-- file: 0002.case.change.rollback.sql
COMMENT ON TABLE tasks IS NULL;
