-- group: reporting
-- budget_ms: 5000
-- index: idx_tasks_created
-- params: period_start timestamptz, period_end timestamptz
SELECT
    m.provider,
    date_trunc('month', t.created_at, 'UTC') AS usage_month,
    count(*) AS task_count,
    sum(t.credit_cost) AS credits,
    count(*) / sum(count(*)) OVER (
        PARTITION BY date_trunc('month', t.created_at, 'UTC')
    ) AS task_share
FROM tasks AS t
INNER JOIN provider_models AS m ON t.provider_model_id = m.id
WHERE
    t.created_at >= $1
    AND t.created_at < $2
GROUP BY usage_month, m.provider
ORDER BY usage_month ASC, task_share DESC, m.provider ASC;
