-- One database; included by where.sql.
SELECT
    current_database() AS database,
    coalesce(m.state, CASE WHEN u.id IS NULL THEN 'no such user' ELSE 'at home' END) AS state,
    CASE
        WHEN m.state IN ('leaving', 'arrived') OR (m.state IS NULL AND u.id IS NOT NULL) THEN 'accepted'
        ELSE 'rejected'
    END AS writes,
    m.peer_name AS other_database,
    m.since
FROM (VALUES (:tenant)) AS t (id)
LEFT JOIN public.users AS u ON t.id = u.id
LEFT JOIN tenants.moves AS m ON t.id = m.user_id;
