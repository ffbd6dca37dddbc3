-- case: a rule that does nothing instead of a DELETE
-- finds: breaking-change on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
CREATE RULE keep AS ON DELETE TO tasks DO INSTEAD NOTHING;
-- file: 0002.case.change.rollback.sql
DROP RULE keep ON tasks;
