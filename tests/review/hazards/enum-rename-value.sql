-- case: a value of an enum is renamed: an application that writes the old one fails
-- finds: breaking-change
-- locks: none
-- proof: lossless
-- squawk: renaming-object confirmed
-- file: 0001.before.sql
CREATE TYPE state AS ENUM ('new', 'done');
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    code state NOT NULL
);
-- file: 0002.case.change.sql
ALTER TYPE state RENAME VALUE 'done' TO 'finished';
-- file: 0002.case.change.rollback.sql
ALTER TYPE state RENAME VALUE 'finished' TO 'done';
