-- group: admin
-- budget_ms: 200
-- index: idx_users_newest
-- params: before timestamptz, before_user_id bigint, page_size integer
--
-- The first page comes before ('infinity', 9223372036854775807).
SELECT
    u.id,
    u.email,
    u.full_name,
    u.subscription_tier_id,
    u.email_verified_at,
    u.created_at
FROM users AS u
WHERE (u.created_at, u.id) < ($1, $2)
ORDER BY u.created_at DESC, u.id DESC
LIMIT $3;
