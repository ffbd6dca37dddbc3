-- Campaigns: one for 50 tasks. Most are over; few run, and fewer end within the week.
INSERT INTO campaigns (
    id, user_id, campaign_type_id, name, description, status, channels, target_audience,
    objectives, budget_credits, spent_credits, start_date, end_date, launched_at, completed_at,
    created_at, updated_at
)
SELECT
    pg_temp.id_at(c.created_at, c.number, 2),
    c.user_id,
    CASE WHEN pg_temp.draw(c.number, 21) < 0.95 THEN t.id END,
    initcap(replace(t.type_name, '_', ' ')) || ' ' || c.number,
    left(x.body, 500),
    c.status,
    CASE WHEN pg_temp.draw(c.number, 22) < 0.05 THEN '["podcast"]' ELSE t.default_channels END,
    '{"age": [18, 45], "country": "BR"}',
    jsonb_build_object('leads', 10 + c.number % 500),
    1000 + c.number % 9000,
    CASE
        WHEN c.status IN ('draft', 'scheduled') THEN 0
        ELSE floor((1000 + c.number % 9000) * pg_temp.draw(c.number, 23))::integer
    END,
    CASE WHEN c.status <> 'draft' THEN c.start_date END,
    CASE WHEN c.status <> 'draft' THEN c.end_date END,
    CASE WHEN c.status NOT IN ('draft', 'scheduled', 'cancelled') THEN c.start_date END,
    CASE WHEN c.status IN ('completed', 'archived') THEN c.end_date END,
    c.created_at,
    CASE
        WHEN c.status IN ('completed', 'archived') THEN c.end_date
        WHEN c.status IN ('draft', 'scheduled', 'cancelled') THEN c.created_at
        ELSE c.start_date
    END
FROM (
    SELECT
        dated.*,
        CASE
            WHEN pg_temp.draw(dated.number, 24) < 0.1 THEN 'draft'
            WHEN pg_temp.draw(dated.number, 24) < 0.15 THEN 'cancelled'
            WHEN dated.start_date > pg_temp.generated_until() THEN 'scheduled'
            WHEN dated.end_date > pg_temp.generated_until()
                THEN CASE WHEN pg_temp.draw(dated.number, 24) < 0.3 THEN 'paused' ELSE 'active' END
            WHEN pg_temp.draw(dated.number, 24) < 0.4 THEN 'archived'
            ELSE 'completed'
        END AS status
    FROM (
        SELECT
            owned.*,
            owned.created_at + pg_temp.draw(owned.number, 25) * interval '20 days' AS start_date,
            owned.created_at + pg_temp.draw(owned.number, 25) * interval '20 days'
            + (3 + pg_temp.draw(owned.number, 26) * 60) * interval '1 day' AS end_date
        FROM (
            SELECT
                n.number,
                o.user_id,
                date_trunc(
                    'milliseconds', o.since + o.tenure * pg_temp.draw(n.number, 27)
                ) AS created_at
            FROM generate_series(1, pg_temp.generated_tasks() / 50) AS n (number)
            INNER JOIN owners AS o
                ON
                    floor((SELECT count(*) FROM owners) * pg_temp.draw(n.number, 20))::bigint
                    = o.slot
        ) AS owned
    ) AS dated
) AS c
INNER JOIN (
    SELECT
        ct.*,
        row_number() OVER (ORDER BY ct.type_name) AS number
    FROM campaign_types AS ct
) AS t ON 1 + floor(15 * pg_temp.draw(c.number, 28) ^ 2)::bigint = t.number
INNER JOIN texts AS x ON c.number % pg_temp.generated_texts() = x.number
ORDER BY c.created_at, c.number;
