-- case: a reference is validated in its own file
-- finds: nothing
-- locks: ROW SHARE on users, SHARE UPDATE EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- when: fast
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
ALTER TABLE tasks ADD CONSTRAINT fk_tasks_user_id FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;
-- file: 0002.case.change.sql
ALTER TABLE tasks VALIDATE CONSTRAINT fk_tasks_user_id;
-- file: 0002.case.change.rollback.sql
ALTER TABLE tasks DROP CONSTRAINT fk_tasks_user_id;
ALTER TABLE tasks ADD CONSTRAINT fk_tasks_user_id FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;
