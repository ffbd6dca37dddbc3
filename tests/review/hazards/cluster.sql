-- case: CLUSTER
-- finds: rewrite on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
CLUSTER tasks USING tasks_pkey;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks SET WITHOUT CLUSTER;
