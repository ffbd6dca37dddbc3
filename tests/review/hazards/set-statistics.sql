-- case: another statistics target
-- finds: nothing
-- locks: SHARE UPDATE EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ALTER COLUMN title SET STATISTICS 500;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER COLUMN title SET STATISTICS -1;
