-- Tasks to insert: copies of old ones as they were when they were new, bench.rows of them.
CREATE TEMPORARY TABLE new_tasks AS
SELECT
    n.number::integer,
    jsonb_populate_record(
        n.old,
        jsonb_build_object(
            'id', new_id(), 'status', 'pending', 'result_payload', NULL, 'error_message', NULL,
            'error_code', NULL, 'execution_time_ms', NULL, 'retry_count', 0, 'scheduled_at', NULL,
            'started_at', NULL, 'completed_at', NULL, 'expires_at', NULL, 'created_at', now(),
            'updated_at', now()
        )
    ) AS new
FROM (
    SELECT
        t AS old,
        row_number() OVER (ORDER BY t.id DESC) AS number
    FROM tasks AS t
    WHERE t.completed_at IS NOT NULL
    ORDER BY t.id DESC
    LIMIT current_setting('bench.rows')::integer
) AS n;

ALTER TABLE new_tasks ADD PRIMARY KEY (number);
ANALYZE new_tasks;
