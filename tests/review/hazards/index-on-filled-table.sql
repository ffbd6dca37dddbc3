-- case: a table is filled from another, and indexed while a third one is locked
-- finds: work-after-lock on users
-- locks: ACCESS EXCLUSIVE on users
-- proof: lossy
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE users (
    id bigint PRIMARY KEY,
    email text NOT NULL
);
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL
);
-- file: 0002.case.change.sql
-- reversible: lossy: the notes, and the copies
CREATE TABLE titles (
    title text,
    task_id bigint
);
INSERT INTO titles (title, task_id) SELECT t.title, t.id FROM tasks AS t;
ALTER TABLE users ADD COLUMN note text;
CREATE INDEX idx_titles_title ON titles (title);
-- file: 0002.case.change.rollback.sql
ALTER TABLE users DROP COLUMN note;
DROP TABLE titles;
