-- group: admin
-- budget_ms: 200
-- index: idx_users_active_credit_balance
-- params: credits integer, after_balance integer, after_user_id bigint, page_size integer
--
-- The first page comes after (-1, 0).
SELECT
    u.id,
    u.email,
    u.subscription_tier_id,
    u.credit_balance
FROM users AS u
WHERE
    u.is_active
    AND u.credit_balance < $1
    AND (u.credit_balance, u.id) > ($2, $3)
ORDER BY u.credit_balance, u.id
LIMIT $4;
