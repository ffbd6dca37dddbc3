-- case: a column changes from json to jsonb
-- finds: breaking-change on tasks, rewrite on tasks, rewrite on tasks in the rollback
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: changing-column-type confirmed
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    code json NOT NULL
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ALTER COLUMN code TYPE jsonb;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER COLUMN code TYPE json;
