-- case: a unique constraint
-- finds: index-build on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: constraint-missing-not-valid confirmed, disallowed-unique-constraint confirmed
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ADD CONSTRAINT uq_tasks_title UNIQUE (title);
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP CONSTRAINT uq_tasks_title;
