-- group: analytics
-- budget_ms: 1000
-- index: idx_tasks_user_newest
-- params: user_id bigint, now timestamptz
SELECT
    m.provider,
    m.model_name,
    count(*) AS task_count,
    sum(t.credit_cost) AS credits
FROM tasks AS t
INNER JOIN provider_models AS m ON t.provider_model_id = m.id
WHERE
    t.user_id = $1
    AND t.created_at >= $2 - interval '30 days'
    AND t.created_at < $2
GROUP BY m.provider, m.model_name
ORDER BY credits DESC, m.provider ASC, m.model_name ASC;
