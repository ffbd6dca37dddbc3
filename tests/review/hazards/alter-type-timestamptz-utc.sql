-- case: a column changes from timestamp to timestamptz in time zone UTC: nothing is written, but clients read another type
-- finds: breaking-change on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: changing-column-type refuted
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    done_at timestamp NOT NULL
);
-- file: 0002.case.change.sql
SET timezone TO 'UTC';
ALTER TABLE tasks ALTER COLUMN done_at TYPE timestamptz;
-- file: 0002.case.change.rollback.sql
SET timezone TO 'UTC';
ALTER TABLE tasks ALTER COLUMN done_at TYPE timestamp;
