-- case: the last column is dropped and comes back empty: the schema is restored, its values are not
-- finds: breaking-change on tasks, rollback-loss
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: ban-drop-column confirmed
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
-- reversible: yes
ALTER TABLE tasks DROP COLUMN priority;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ADD COLUMN priority integer;
