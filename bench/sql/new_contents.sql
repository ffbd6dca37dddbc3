-- Contents to insert, bench.rows of them: copies of others, for completed tasks that have none.
CREATE TEMPORARY TABLE new_contents AS
SELECT
    t.number::integer,
    jsonb_populate_record(
        d.old,
        jsonb_build_object(
            'id', new_id(), 'task_id', t.id, 'user_id', t.user_id, 'expires_at', NULL,
            'created_at', now(), 'updated_at', now()
        )
    ) AS new
FROM (
    SELECT
        gc AS old,
        row_number() OVER (ORDER BY gc.id DESC) AS number
    FROM generated_content AS gc
    ORDER BY gc.id DESC
    LIMIT current_setting('bench.rows')::integer
) AS d
INNER JOIN (
    SELECT
        t.id,
        t.user_id,
        row_number() OVER (ORDER BY t.id DESC) AS number
    FROM tasks AS t
    WHERE
        t.status = 'completed'
        AND NOT EXISTS (
            SELECT FROM generated_content AS gc
            WHERE gc.task_id = t.id
        )
    ORDER BY t.id DESC
    LIMIT current_setting('bench.rows')::integer
) AS t ON d.number = t.number;

ALTER TABLE new_contents ADD PRIMARY KEY (number);
ANALYZE new_contents;
