-- group: reporting
-- budget_ms: 5000
-- index: idx_users_newest
-- params: period_start timestamptz, period_end timestamptz
--
-- A user is activated by a first task.
SELECT
    date_trunc('month', u.created_at, 'UTC') AS signup_month,
    count(*) AS signups,
    count(u.email_verified_at) AS verified,
    count(*) FILTER (
        WHERE EXISTS (
            SELECT 1
            FROM tasks AS t
            WHERE t.user_id = u.id
        )
    ) AS activated
FROM users AS u
WHERE
    u.created_at >= $1
    AND u.created_at < $2
GROUP BY signup_month
ORDER BY signup_month;
