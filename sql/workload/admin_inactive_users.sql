-- group: admin
-- budget_ms: 200
-- index: idx_users_last_login
-- params: last_login_before timestamptz, page integer
SELECT
    u.id,
    u.email,
    u.is_active,
    u.credit_balance,
    u.last_login_at
FROM users AS u
WHERE u.last_login_at < $1
ORDER BY u.last_login_at, u.id
LIMIT $2;
