-- group: dashboard
-- budget_ms: 50
-- index: idx_generated_content_user_task_size
-- params: user_id bigint
SELECT
    count(gc.file_size_bytes) AS files,
    coalesce(sum(gc.file_size_bytes), 0) AS bytes_used
FROM generated_content AS gc
WHERE gc.user_id = $1;
