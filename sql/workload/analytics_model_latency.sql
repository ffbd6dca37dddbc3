-- group: analytics
-- budget_ms: 1000
-- index: idx_tasks_model_latency
-- params: provider_model_id integer, period_start timestamptz, period_end timestamptz
SELECT
    count(t.execution_time_ms) AS task_count,
    avg(t.execution_time_ms) AS mean_ms,
    percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (
        ORDER BY t.execution_time_ms
    ) AS p50_p95_p99_ms
FROM tasks AS t
WHERE
    t.provider_model_id = $1
    AND t.completed_at >= $2
    AND t.completed_at < $3;
