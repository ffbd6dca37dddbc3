-- params: first integer, last integer
UPDATE agents AS a
SET
    execution_count = a.execution_count + 1,
    success_rate = coalesce(a.success_rate, 1),
    last_executed_at = clock_timestamp()
FROM old_agents AS o
WHERE
    o.number BETWEEN $1 AND $2
    AND a.id = o.id;
