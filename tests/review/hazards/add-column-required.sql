-- case: NOT NULL without a default: it fails if the table has rows
-- finds: fails-on-rows on tasks, not-measured
-- locks: none
-- proof: not measured
-- squawk: adding-required-field confirmed
-- known: squawk's warnings about a statement that failed are not judged
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    priority integer
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ADD COLUMN state text NOT NULL;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP COLUMN state;
