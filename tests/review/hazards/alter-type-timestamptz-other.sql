-- case: a column changes from timestamp to timestamptz, in another time zone than UTC
-- finds: breaking-change on tasks, rewrite on tasks, rewrite on tasks in the rollback
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: changing-column-type confirmed
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    done_at timestamp NOT NULL
);
-- file: 0002.case.change.sql
SET timezone TO 'Etc/GMT+3';
ALTER TABLE tasks ALTER COLUMN done_at TYPE timestamptz;
-- file: 0002.case.change.rollback.sql
SET timezone TO 'Etc/GMT+3';
ALTER TABLE tasks ALTER COLUMN done_at TYPE timestamp;
