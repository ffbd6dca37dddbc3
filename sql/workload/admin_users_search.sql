-- group: admin
-- budget_ms: 200
-- index: idx_users_email_trigrams, idx_users_full_name_trigrams
-- params: pattern text, page_size integer
--
-- One page alone: who finds too many types more letters.
SELECT
    u.id,
    u.email,
    u.full_name,
    u.is_active,
    u.created_at
FROM users AS u
WHERE
    u.email ILIKE $1
    OR u.full_name ILIKE $1
ORDER BY u.full_name, u.id
LIMIT $2;
