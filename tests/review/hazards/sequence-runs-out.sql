-- case: a sequence that ends sooner: INSERTs fail when it gets there
-- finds: breaking-change on tasks_id_seq
-- locks: SHARE ROW EXCLUSIVE on tasks_id_seq
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigserial PRIMARY KEY,
    title text NOT NULL,
    status text NOT NULL DEFAULT 'new'
);
-- file: 0002.case.change.sql
ALTER SEQUENCE tasks_id_seq MAXVALUE 100000;
-- file: 0002.case.change.rollback.sql
ALTER SEQUENCE tasks_id_seq NO MAXVALUE;
