-- case: SET NOT NULL: the whole table is read
-- finds: breaking-change on tasks, scan on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: adding-not-nullable-field confirmed
-- when: fast
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ALTER COLUMN priority SET NOT NULL;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER COLUMN priority DROP NOT NULL;
