-- case: a constraint is marked as validated by hand: no row was read
-- finds: corruption
-- locks: none
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigserial PRIMARY KEY,
    title text NOT NULL,
    status text NOT NULL DEFAULT 'new'
);
ALTER TABLE tasks ADD CONSTRAINT ck_title CHECK (title <> 'x') NOT VALID;
-- file: 0002.case.change.sql
UPDATE pg_constraint SET convalidated = TRUE WHERE conname = 'ck_title';
-- file: 0002.case.change.rollback.sql
UPDATE pg_constraint SET convalidated = FALSE WHERE conname = 'ck_title';
