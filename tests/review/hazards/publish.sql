-- case: a table with a primary key is published
-- finds: nothing
-- locks: SHARE UPDATE EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE PUBLICATION feed;
-- file: 0002.case.change.sql
ALTER PUBLICATION feed ADD TABLE tasks;
-- file: 0002.case.change.rollback.sql
ALTER PUBLICATION feed DROP TABLE tasks;
