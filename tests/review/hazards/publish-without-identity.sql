-- case: a table without a primary key is published: every UPDATE and DELETE of it fails
-- finds: breaking-change on notes
-- locks: SHARE UPDATE EXCLUSIVE on notes
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE notes (body text);
CREATE PUBLICATION feed;
-- file: 0002.case.change.sql
ALTER PUBLICATION feed ADD TABLE notes;
-- file: 0002.case.change.rollback.sql
ALTER PUBLICATION feed DROP TABLE notes;
