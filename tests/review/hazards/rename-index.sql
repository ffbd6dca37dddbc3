-- case: an index is renamed: only the index is locked
-- finds: nothing
-- locks: none
-- proof: lossless
-- squawk: renaming-object refuted
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
CREATE INDEX idx_tasks_title ON tasks (title);
-- file: 0002.case.change.sql
ALTER INDEX idx_tasks_title RENAME TO idx_tasks_by_title;
-- file: 0002.case.change.rollback.sql
ALTER INDEX idx_tasks_by_title RENAME TO idx_tasks_title;
