-- Users: two years of sign-ups; one in ten left, one in eight has never done anything.
INSERT INTO users (
    id, email, google_id, password_hash, full_name, avatar_url, credit_balance,
    subscription_tier_id, is_active, is_admin, preferences, last_login_at, email_verified_at,
    created_at, updated_at
)
SELECT
    u.id,
    format('%s.%s%s@example.com', translate(first.word, 'áàãâçéêíóõôú', 'aaaaceeiooou'), 'u', u.id),
    CASE WHEN pg_temp.draw(u.id, 3) < 0.4 THEN 'google-' || u.id END,
    CASE WHEN pg_temp.draw(u.id, 3) >= 0.4 THEN '$2b$12$' || rpad(md5(u.id::text), 53, 'x') END,
    initcap(first.word || ' ' || last.word) || ' ' || u.id,
    CASE
        WHEN pg_temp.draw(u.id, 4) < 0.3
            THEN format('https://cdn.example.com/avatars/%s.png', u.id)
    END,
    floor(5000 * pg_temp.draw(u.id, 5) ^ 3)::integer,
    (
        SELECT st.id
        FROM subscription_tiers AS st
        WHERE
            st.tier_name
            = CASE
                WHEN u.id % 100 = 0 THEN 'unlimited'
                WHEN u.id % 20 = 0 THEN 'enterprise'
                WHEN u.id % 5 = 0 THEN 'pro'
                ELSE 'free'
            END
    ),
    pg_temp.draw(u.id, 6) >= 0.1,
    u.id = 1,
    CASE WHEN pg_temp.draw(u.id, 7) < 0.5 THEN '{"theme": "dark", "language": "pt-BR"}'::jsonb END,
    CASE
        WHEN u.id % 8 <> 5
            THEN
                pg_temp.generated_until()
                - (pg_temp.generated_until() - u.created_at) * pg_temp.draw(u.id, 8) ^ 4
    END,
    CASE WHEN pg_temp.draw(u.id, 9) < 0.8 THEN u.created_at + interval '5 minutes' END,
    u.created_at,
    u.created_at + interval '5 minutes'
FROM (
    SELECT
        g AS id,
        pg_temp.signed_up_at(g) AS created_at
    FROM generate_series(1, pg_temp.generated_users()) AS g
) AS u
INNER JOIN words AS first ON 30 + u.id % 97 = first.number
INNER JOIN words AS last ON 30 + u.id % 101 = last.number
ORDER BY u.id;

SELECT setval(pg_get_serial_sequence('users', 'id'), max(id)) FROM users;
