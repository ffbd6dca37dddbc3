-- group: admin
-- budget_ms: 200
-- index: idx_users_last_login
-- params: last_login_before timestamptz, after timestamptz, after_user_id bigint, page_size integer
--
-- The first page comes after ('-infinity', 0).
SELECT
    u.id,
    u.email,
    u.is_active,
    u.credit_balance,
    u.last_login_at
FROM users AS u
WHERE
    u.last_login_at < $1
    AND (u.last_login_at, u.id) > ($2, $3)
ORDER BY u.last_login_at, u.id
LIMIT $4;
