-- case: another increment of a sequence
-- finds: nothing
-- locks: SHARE ROW EXCLUSIVE on numbers
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE SEQUENCE numbers;
-- file: 0002.case.change.sql
ALTER SEQUENCE numbers INCREMENT BY 10;
-- file: 0002.case.change.rollback.sql
ALTER SEQUENCE numbers INCREMENT BY 1;
