-- group: admin
-- budget_ms: 200
-- index: idx_users_active_credit_balance
-- params: credits integer, page integer
SELECT
    u.id,
    u.email,
    u.subscription_tier_id,
    u.credit_balance
FROM users AS u
WHERE
    u.is_active
    AND u.credit_balance < $1
ORDER BY u.credit_balance, u.id
LIMIT $2;
