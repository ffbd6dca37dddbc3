-- group: dashboard
-- budget_ms: 50
-- index: uq_users_google_id
-- params: google_id text
SELECT
    u.id,
    u.email,
    u.is_active,
    u.is_admin
FROM users AS u
WHERE u.google_id = $1;
