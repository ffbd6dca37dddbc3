-- No identity column's sequence is behind its table: rows that were loaded with their numbers do
-- not advance it, and the next inserts fail on the primary key. Ids of users are in ranges, one for each
-- database of a fleet (sql/tenant/ids.sql): those of other ranges, of users who moved here, do not matter.
WITH numbers AS (
    SELECT
        'subscription_tiers' AS table_name,
        max(t.id) AS highest
    FROM subscription_tiers AS t
    UNION ALL
    SELECT
        'ai_providers' AS table_name,
        max(t.id) AS highest
    FROM ai_providers AS t
    UNION ALL
    SELECT
        'task_types' AS table_name,
        max(t.id) AS highest
    FROM task_types AS t
    UNION ALL
    SELECT
        'provider_models' AS table_name,
        max(t.id) AS highest
    FROM provider_models AS t
    UNION ALL
    SELECT
        'agent_categories' AS table_name,
        max(t.id) AS highest
    FROM agent_categories AS t
    UNION ALL
    SELECT
        'agent_types' AS table_name,
        max(t.id) AS highest
    FROM agent_types AS t
    UNION ALL
    SELECT
        'campaign_types' AS table_name,
        max(t.id) AS highest
    FROM campaign_types AS t
    UNION ALL
    SELECT
        'users' AS table_name,
        max(t.id) AS highest
    FROM users AS t
    INNER JOIN pg_sequences AS q
        ON pg_get_serial_sequence('users', 'id') = format('%I.%I', q.schemaname, q.sequencename)
    WHERE t.id / 1000000000000 = coalesce(q.last_value, 0) / 1000000000000
)

SELECT
    n.table_name,
    n.highest,
    q.last_value
FROM numbers AS n
INNER JOIN pg_sequences AS q
    ON pg_get_serial_sequence(n.table_name, 'id') = format('%I.%I', q.schemaname, q.sequencename)
WHERE n.highest > coalesce(q.last_value, 0);
