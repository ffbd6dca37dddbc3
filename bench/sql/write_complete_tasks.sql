-- params: first integer, last integer
UPDATE tasks AS t
SET
    status = 'completed',
    completed_at = clock_timestamp(),
    execution_time_ms = 1000,
    result_payload = '{"finish": "stop", "tokens": 1000}',
    expires_at = clock_timestamp() + interval '90 days'
FROM new_tasks AS n
WHERE
    n.number BETWEEN $1 AND $2
    AND t.id = (n.new).id;
