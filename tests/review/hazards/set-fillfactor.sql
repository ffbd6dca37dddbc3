-- case: another fillfactor
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
-- file: 0002.case.change.sql
ALTER TABLE tasks SET (fillfactor = 80);
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks RESET (fillfactor);
