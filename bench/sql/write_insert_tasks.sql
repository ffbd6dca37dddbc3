-- params: first integer, last integer
INSERT INTO tasks
SELECT (n.new).*
FROM new_tasks AS n
WHERE n.number BETWEEN $1 AND $2;
