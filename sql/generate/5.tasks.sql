-- Tasks, in the order in which they were made. The newest are unfinished: one in fifty, but 2,000 at
-- most, since how deep the queue is depends on the workers and not on the years before. A few older
-- ones are scheduled for later, or stuck with a worker that has died.
CREATE TEMPORARY TABLE campaign_places AS
SELECT
    c.user_id,
    c.id AS campaign_id,
    row_number() OVER user_campaigns - 1 AS place,
    count(*) OVER (PARTITION BY c.user_id) AS total
FROM campaigns AS c
WINDOW user_campaigns AS (PARTITION BY c.user_id ORDER BY c.created_at, c.id);

CREATE TEMPORARY TABLE drawn_tasks AS
SELECT
    t.*,
    row_number() OVER (ORDER BY t.created_at, t.number) AS rank
FROM (
    SELECT
        n.number,
        o.user_id,
        date_trunc('milliseconds', o.since + o.tenure * pg_temp.draw(n.number, 61)) AS created_at
    FROM generate_series(1, pg_temp.generated_tasks()) AS n (number)
    INNER JOIN owners AS o
        ON floor((SELECT count(*) FROM owners) * pg_temp.draw(n.number, 60))::bigint = o.slot
) AS t;

ANALYZE campaign_places, drawn_tasks;

INSERT INTO tasks (
    id, user_id, task_type_id, provider_model_id, campaign_id, status, priority, credit_cost,
    estimated_cost, request_payload, result_payload, error_message, error_code,
    execution_time_ms, retry_count, scheduled_at, started_at, completed_at, expires_at,
    created_at, updated_at
)
WITH lived AS (
    SELECT
        d.*,
        CASE
            WHEN d.rank > pg_temp.generated_tasks() - least(pg_temp.generated_tasks() / 50, 2000)
                THEN
                    CASE
                        WHEN pg_temp.draw(d.number, 62) < 0.15 THEN 'pending'
                        WHEN pg_temp.draw(d.number, 62) < 0.75 THEN 'queued'
                        WHEN pg_temp.draw(d.number, 62) < 0.95 THEN 'processing'
                        ELSE 'retrying'
                    END
            WHEN
                d.rank > pg_temp.generated_tasks() * 0.95
                AND pg_temp.draw(d.number, 62) < 0.01
                THEN 'pending'
            WHEN
                d.rank > pg_temp.generated_tasks() * 0.95
                AND pg_temp.draw(d.number, 62) < 0.011
                THEN 'processing'
            WHEN pg_temp.draw(d.number, 62) < 0.9 THEN 'completed'
            WHEN pg_temp.draw(d.number, 62) < 0.96 THEN 'failed'
            WHEN pg_temp.draw(d.number, 62) < 0.99 THEN 'cancelled'
            ELSE 'expired'
        END AS status,
        floor(100 + 60000 * pg_temp.draw(d.number, 63) ^ 6)::integer AS execution_time_ms
    FROM drawn_tasks AS d
),

timed AS (
    SELECT
        l.*,
        CASE
            WHEN l.status = 'pending'
                THEN
                    greatest(
                        l.created_at,
                        pg_temp.generated_until()
                        + (pg_temp.draw(l.number, 64) - 0.01) * interval '30 days'
                    )
            WHEN pg_temp.draw(l.number, 65) < 0.1
                THEN l.created_at + pg_temp.draw(l.number, 64) * interval '1 hour'
        END AS scheduled_at
    FROM lived AS l
),

ended AS (
    SELECT
        t.*,
        CASE
            -- Workers have just begun, but for one in thirty.
            WHEN t.status = 'processing' AND pg_temp.draw(t.number, 75) < 0.97
                THEN
                    greatest(
                        coalesce(t.scheduled_at, t.created_at),
                        pg_temp.generated_until()
                        - pg_temp.draw(t.number, 66) * interval '20 minutes'
                    )
            WHEN t.status IN ('processing', 'retrying', 'completed', 'failed')
                THEN
                    coalesce(t.scheduled_at, t.created_at)
                    + pg_temp.draw(t.number, 66) ^ 3 * interval '2 minutes'
        END AS started_at,
        CASE
            WHEN t.status IN ('completed', 'failed', 'cancelled', 'expired')
                THEN
                    coalesce(t.scheduled_at, t.created_at) + interval '2 minutes'
                    + t.execution_time_ms * interval '1 millisecond'
        END AS completed_at,
        CASE
            WHEN t.status = 'completed' AND pg_temp.draw(t.number, 67) < 0.3
                THEN t.created_at + (30 + 150 * pg_temp.draw(t.number, 68)) * interval '1 day'
        END AS expires_at
    FROM timed AS t
)

SELECT
    pg_temp.id_at(e.created_at, e.number, 5),
    e.user_id,
    k.task_type_id,
    k.provider_model_id,
    c.campaign_id,
    e.status,
    CASE
        WHEN pg_temp.draw(e.number, 69) < 0.7 THEN 'medium'
        WHEN pg_temp.draw(e.number, 69) < 0.85 THEN 'low'
        WHEN pg_temp.draw(e.number, 69) < 0.97 THEN 'high'
        ELSE 'urgent'
    END,
    k.credit_cost,
    k.credit_cost,
    jsonb_build_object('prompt', left(x.body, 150), 'language', 'pt-BR', 'seed', e.number),
    CASE
        WHEN
            e.status = 'completed'
            -- The worker has removed what expired, but for the last hours.
            AND (
                e.expires_at IS NULL
                OR e.expires_at > pg_temp.generated_until() - interval '6 hours'
            )
            THEN jsonb_build_object('finish', 'stop', 'tokens', 50 + e.number % 4000)
    END,
    CASE WHEN e.status = 'failed' THEN 'the provider answered with an error' END,
    CASE
        WHEN e.status <> 'failed' OR pg_temp.draw(e.number, 70) < 0.05 THEN NULL
        WHEN pg_temp.draw(e.number, 70) < 0.5 THEN 'rate_limited'
        WHEN pg_temp.draw(e.number, 70) < 0.8 THEN 'provider_timeout'
        WHEN pg_temp.draw(e.number, 70) < 0.95 THEN 'content_policy'
        ELSE 'provider_error_' || e.number % 20
    END,
    CASE WHEN e.status IN ('completed', 'failed') THEN e.execution_time_ms END,
    CASE
        WHEN e.status = 'retrying' THEN 1 + e.number % 4
        WHEN pg_temp.draw(e.number, 71) < 0.05 THEN 1
        ELSE 0
    END,
    e.scheduled_at,
    e.started_at,
    e.completed_at,
    e.expires_at,
    e.created_at,
    coalesce(e.completed_at, e.started_at, e.created_at)
FROM ended AS e
INNER JOIN kinds AS k ON floor(1024 * pg_temp.draw(e.number, 72))::integer = k.bucket
INNER JOIN texts AS x ON e.number % pg_temp.generated_texts() = x.number
LEFT JOIN campaign_places AS c
    ON
        e.user_id = c.user_id
        AND pg_temp.draw(e.number, 73) < 0.3
        -- A user's campaigns are as old as the tasks, on average: the first for the first.
        AND c.place = floor(c.total * pg_temp.draw(e.number, 74))::bigint
ORDER BY e.rank;
