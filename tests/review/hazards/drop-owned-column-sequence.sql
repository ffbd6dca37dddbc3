-- case: a serial column is dropped with its sequence
-- finds: breaking-change on tasks, breaking-change on tasks_number_seq
-- finds: rewrite on tasks in the rollback, rollback-differs, rollback-loss
-- locks: ACCESS EXCLUSIVE on tasks, ACCESS EXCLUSIVE on tasks_number_seq
-- proof: lossy
-- squawk: ban-drop-column confirmed
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    number serial
);
-- file: 0002.case.change.sql
ALTER TABLE tasks DROP COLUMN number;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ADD COLUMN number serial;
