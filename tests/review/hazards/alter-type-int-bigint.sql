-- case: a column changes from integer to bigint
-- finds: rewrite on tasks, rollback-fails
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: not measured
-- squawk: changing-column-type confirmed
-- known: no new row holds a number that only the new type can hold
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ALTER COLUMN priority TYPE bigint;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER COLUMN priority TYPE integer;
