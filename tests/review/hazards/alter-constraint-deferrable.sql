-- case: a reference becomes deferrable
-- finds: nothing
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE users (
    id bigint PRIMARY KEY,
    email text NOT NULL
);
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    user_id bigint NOT NULL,
    title text NOT NULL
);
ALTER TABLE tasks ADD CONSTRAINT fk_tasks_user_id FOREIGN KEY (user_id) REFERENCES users (id);
-- file: 0002.case.change.sql
ALTER TABLE tasks ALTER CONSTRAINT fk_tasks_user_id DEFERRABLE;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks ALTER CONSTRAINT fk_tasks_user_id NOT DEFERRABLE;
