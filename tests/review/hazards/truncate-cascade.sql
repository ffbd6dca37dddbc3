-- case: TRUNCATE CASCADE: the referencing tables are emptied, too
-- finds: cascade on comments, rollback-loss, rollback-loss on tasks, several-tables
-- locks: ACCESS EXCLUSIVE on comments, ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: ban-truncate-cascade confirmed
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL
);
CREATE TABLE comments (
    id bigint PRIMARY KEY,
    task_id bigint NOT NULL REFERENCES tasks (id),
    body text NOT NULL
);
-- file: 0002.case.change.sql
TRUNCATE tasks CASCADE;
-- file: 0002.case.change.rollback.sql
SELECT 1;
