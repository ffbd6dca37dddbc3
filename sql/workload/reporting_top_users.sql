-- group: reporting
-- budget_ms: 5000
-- index: idx_tasks_created
-- params: period_start timestamptz, period_end timestamptz
WITH spending AS (
    SELECT
        t.user_id,
        count(*) AS task_count,
        sum(t.credit_cost) AS credits
    FROM tasks AS t
    WHERE
        t.created_at >= $1
        AND t.created_at < $2
    GROUP BY t.user_id
    ORDER BY credits DESC, t.user_id ASC
    LIMIT 100
)

SELECT
    u.id,
    u.email,
    u.full_name,
    spending.task_count,
    spending.credits
FROM spending
INNER JOIN users AS u ON spending.user_id = u.id
ORDER BY spending.credits DESC, u.id ASC;
