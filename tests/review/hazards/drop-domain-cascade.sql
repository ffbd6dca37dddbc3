-- case: CASCADE drops the columns of the domain
-- finds: breaking-change, cascade, rollback-loss, second-table on tasks
-- locks: ACCESS EXCLUSIVE on tasks
-- proof: lossy
-- squawk: ban-drop-domain confirmed
-- when: all
-- file: 0001.before.sql
CREATE DOMAIN percentage AS integer;
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    progress percentage
);
-- file: 0002.case.change.sql
DROP DOMAIN percentage CASCADE;
-- file: 0002.case.change.rollback.sql
CREATE DOMAIN percentage AS integer;
ALTER TABLE tasks ADD COLUMN progress percentage;
