-- params: first integer, last integer
UPDATE tasks AS t
SET
    status = 'processing',
    started_at = clock_timestamp()
FROM new_tasks AS n
WHERE
    n.number BETWEEN $1 AND $2
    AND t.id = (n.new).id;
