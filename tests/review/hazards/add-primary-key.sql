-- case: a primary key on a column that is NOT NULL
-- finds: index-build on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: adding-serial-primary-key-field confirmed, constraint-missing-not-valid confirmed
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (
    id bigint NOT NULL,
    title text NOT NULL
);
-- file: 0002.case.change.sql
ALTER TABLE tasks ADD CONSTRAINT pk_tasks PRIMARY KEY (id);
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP CONSTRAINT pk_tasks;
