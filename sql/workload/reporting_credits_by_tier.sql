-- group: reporting
-- budget_ms: 5000
-- index: idx_tasks_created
-- params: period_start timestamptz, period_end timestamptz
SELECT
    st.tier_name,
    date_trunc('month', t.created_at, 'UTC') AS usage_month,
    count(DISTINCT t.user_id) AS active_users,
    count(*) AS task_count,
    sum(t.credit_cost) AS credits
FROM tasks AS t
INNER JOIN users AS u ON t.user_id = u.id
LEFT JOIN subscription_tiers AS st ON u.subscription_tier_id = st.id
WHERE
    t.created_at >= $1
    AND t.created_at < $2
GROUP BY usage_month, st.tier_name
ORDER BY usage_month, st.tier_name;
