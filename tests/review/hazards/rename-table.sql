-- case: a table is renamed
-- finds: breaking-change on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: renaming-table confirmed
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks RENAME TO jobs;
-- file: 0002.case.change.rollback.sql
ALTER TABLE jobs RENAME TO tasks;
