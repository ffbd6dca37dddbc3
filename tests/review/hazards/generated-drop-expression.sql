-- case: DROP EXPRESSION of a generated column: nothing is written
-- finds: ban-drop-generated-expression
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: irreversible
-- squawk: ban-drop-generated-expression beyond measuring
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL,
    size integer GENERATED ALWAYS AS (length(title)) STORED
);
-- file: 0002.case.change.sql
-- reversible: no: a plain column cannot become a generated one
ALTER TABLE tasks ALTER COLUMN size DROP EXPRESSION;
-- file: 0002.case.change.rollback.sql
DO $$ BEGIN RAISE EXCEPTION 'no way back'; END $$;
