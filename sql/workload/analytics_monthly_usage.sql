-- group: analytics
-- budget_ms: 1000
-- index: idx_tasks_user_newest
-- params: user_id bigint
SELECT
    date_trunc('month', t.created_at, 'UTC') AS usage_month,
    count(*) AS task_count,
    sum(t.credit_cost) AS credits
FROM tasks AS t
WHERE t.user_id = $1
GROUP BY usage_month
ORDER BY usage_month;
