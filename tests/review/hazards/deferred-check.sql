-- case: a deferred reference that is checked at COMMIT
-- finds: nothing
-- locks: ROW EXCLUSIVE on comments, ROW SHARE on tasks
-- proof: lossless
-- known: checks at COMMIT are not recorded
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL
);
CREATE TABLE comments (
    id bigint PRIMARY KEY,
    task_id bigint NOT NULL REFERENCES tasks (id) DEFERRABLE INITIALLY DEFERRED,
    body text NOT NULL
);
-- file: 0002.case.change.sql
INSERT INTO comments (id, task_id, body)
SELECT -1, t.id, 'first' FROM tasks AS t ORDER BY t.id LIMIT 1;
-- file: 0002.case.change.rollback.sql
DELETE FROM comments WHERE id = -1;
