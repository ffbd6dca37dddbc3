-- case: a sequence is restarted below the values of its column: INSERTs fail on duplicate keys
-- finds: corruption on tasks
-- locks: ROW EXCLUSIVE on tasks_id_seq
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigserial PRIMARY KEY,
    title text NOT NULL
);
-- file: 0002.case.change.sql
SELECT setval('tasks_id_seq', 1, false);
-- file: 0002.case.change.rollback.sql
SELECT setval('tasks_id_seq', max(t.id)) FROM tasks AS t;
