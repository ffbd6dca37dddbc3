-- case: varchar becomes text, and its index keeps its file: nothing is built
-- finds: rewrite on tasks in the rollback
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: changing-column-type refuted
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title varchar(5) NOT NULL
);
CREATE INDEX idx_tasks_title ON tasks (title);
-- file: 0002.case.change.sql
-- reversible: lossy: the ends of longer titles
ALTER TABLE tasks ALTER COLUMN title TYPE text;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER COLUMN title TYPE varchar(5) USING left(title, 5);
