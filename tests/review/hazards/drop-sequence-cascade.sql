-- case: CASCADE drops a default that uses the sequence; after the rollback it starts at 1 again
-- finds: breaking-change on numbers, breaking-change on tasks, cascade, rollback-differs, second-table on tasks
-- locks: ACCESS EXCLUSIVE on numbers, ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: ban-drop-sequence confirmed
-- file: 0001.before.sql
CREATE SEQUENCE numbers;
CREATE TABLE tasks (
    id bigint PRIMARY KEY DEFAULT nextval('numbers'),
    title text NOT NULL
);
-- file: 0002.case.change.sql
DROP SEQUENCE numbers CASCADE;
-- file: 0002.case.change.rollback.sql
CREATE SEQUENCE numbers;
ALTER TABLE tasks ALTER COLUMN id SET DEFAULT nextval('numbers');
