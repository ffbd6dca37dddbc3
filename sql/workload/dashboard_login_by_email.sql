-- group: dashboard
-- budget_ms: 50
-- index: uq_users_email
-- params: email text
SELECT
    u.id,
    u.password_hash,
    u.is_active,
    u.is_admin,
    u.email_verified_at
FROM users AS u
WHERE u.email = lower($1);
