-- case: a header that says nothing is lost
-- finds: rollback-loss
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
-- locks: ACCESS EXCLUSIVE on tasks
-- reversible: yes
ALTER TABLE tasks ADD COLUMN note text;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN note;
