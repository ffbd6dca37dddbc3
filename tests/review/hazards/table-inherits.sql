-- case: a table with rows becomes a child: queries of the parent find its rows, too
-- finds: breaking-change on old_tasks
-- locks: ACCESS EXCLUSIVE on old_tasks, SHARE UPDATE EXCLUSIVE on tasks
-- proof: lossless
-- squawk: silent
-- when: all
-- file: 0001.before.sql
CREATE TABLE tasks (id bigint NOT NULL, title text);
CREATE TABLE old_tasks (id bigint NOT NULL, title text);
-- file: 0002.case.change.sql
ALTER TABLE old_tasks INHERIT tasks;
-- file: 0002.case.change.rollback.sql
ALTER TABLE old_tasks NO INHERIT tasks;
