-- case: an INSERT of two rows with fixed keys into a table with rows
-- finds: nothing
-- locks: ROW EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- known: the made-up rows have the same keys
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
INSERT INTO tasks (id, title)
VALUES (1, 'read this first'), (2, 'and then this');
-- file: 0002.case.change.rollback.sql
DELETE FROM tasks WHERE id IN (1, 2);
