-- case: a sequence that counts the other way: its numbers come a second time
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
ALTER SEQUENCE tasks_id_seq INCREMENT BY -1;
-- file: 0002.case.change.rollback.sql
ALTER SEQUENCE tasks_id_seq INCREMENT BY 1;
