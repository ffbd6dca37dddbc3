DROP TABLE task_types;
