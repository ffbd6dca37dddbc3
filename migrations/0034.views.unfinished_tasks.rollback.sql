DROP VIEW unfinished_tasks;
