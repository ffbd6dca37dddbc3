-- case: SELECT FOR UPDATE of all rows: they stay locked until COMMIT
-- finds: large-write on tasks
-- locks: ROW SHARE on tasks
-- proof: lossless
-- known: locked rows are not counted as written
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
SELECT count(*) FROM (SELECT t.id FROM tasks AS t FOR UPDATE) AS n;
-- file: 0002.case.change.rollback.sql
SELECT 1;
