-- case: a table gets another owner: the old one may do nothing with it
-- finds: access on tasks
-- finds: access on tasks_id_seq
-- locks: ACCESS EXCLUSIVE on tasks, ACCESS EXCLUSIVE on tasks_id_seq
-- proof: lossless
-- squawk: silent
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigserial PRIMARY KEY,
    title text NOT NULL,
    status text NOT NULL DEFAULT 'new'
);
CREATE ROLE app LOGIN;
CREATE ROLE keeper;
ALTER TABLE tasks OWNER TO app;
-- file: 0002.case.change.sql
ALTER TABLE tasks OWNER TO keeper;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks OWNER TO app;
