-- Parameters of sql/workload/'s queries, by their names: generate.runs rows, the same for the same
-- setting. Needs what 0.draws.sql makes. The more a user owns, the more often the user asks. A value
-- is NULL where the user has nothing of the kind; such a row is not one for the queries that want it.
CREATE TEMPORARY TABLE parameters AS
SELECT
    r.run,
    -- Half ask for a first page, the others for one somewhere behind it.
    CASE WHEN r.run % 2 = 0 THEN 'infinity' ELSE t.created_at END AS before,
    CASE
        WHEN r.run % 2 = 0 THEN 'ffffffff-ffff-ffff-ffff-ffffffffffff'
        ELSE t.id::uuid
    END AS before_id,
    CASE
        WHEN r.run % 2 = 0 THEN 'ffffffff-ffff-ffff-ffff-ffffffffffff'
        ELSE t.id::uuid
    END AS before_task_id,
    CASE WHEN r.run % 2 = 0 THEN 9223372036854775807 ELSE r.other_user_id END AS before_user_id,
    CASE WHEN r.run % 2 = 0 THEN 2 ELSE 0.95 END AS before_rate,
    CASE WHEN r.run % 2 = 0 THEN 2147483647 ELSE 500 END AS before_count,
    CASE
        WHEN r.run % 2 = 0 THEN '-infinity'
        ELSE pg_temp.generated_until() - interval '1 year'
    END AS after,
    '00000000-0000-0000-0000-000000000000'::uuid AS after_id,
    CASE WHEN r.run % 2 = 0 THEN 0 ELSE r.other_user_id / 2 END AS after_user_id,
    CASE WHEN r.run % 2 = 0 THEN -1 ELSE 10 END AS after_balance,
    CASE WHEN r.run % 2 = 0 THEN '' ELSE 'M' END AS after_name,
    20 AS page_size,
    r.user_id,
    t.id AS task_id,
    t.task_type_id,
    t.provider_model_id,
    c.campaign_id,
    a.category_id,
    a.type_id,
    a.status,
    k.provider_id,
    kh.key_hash,
    g.content_type,
    g.tag,
    x.words,
    u.email,
    u.google_id,
    format('%%%s%%', substr(u.email, 3, 6 + r.run % 4)) AS pattern,
    n.type_name,
    h.channel,
    10 + r.run % 90 AS credits,
    pg_temp.generated_until() AS now,
    pg_temp.generated_until() - interval '30 minutes' AS started_before,
    pg_temp.generated_until() + interval '7 days' AS expires_before,
    pg_temp.generated_until() - interval '1 month' * (1 + r.run % 12) AS last_login_before,
    date_trunc('month', pg_temp.generated_until() - interval '1 month' * (1 + r.run % 12), 'UTC')
        AS period_start,
    date_trunc('month', pg_temp.generated_until() - interval '1 month' * (r.run % 12), 'UTC')
        AS period_end
FROM (
    SELECT
        i.run,
        o.user_id,
        o.since + o.tenure * pg_temp.draw(i.run, 101) AS asked_at,
        1 + floor(pg_temp.generated_users() * pg_temp.draw(i.run, 102))::bigint AS other_user_id
    FROM generate_series(1, current_setting('generate.runs')::integer) AS i (run)
    INNER JOIN owners AS o
        ON floor((SELECT count(*) FROM owners) * pg_temp.draw(i.run, 100))::bigint = o.slot
) AS r
INNER JOIN users AS u ON r.other_user_id = u.id
INNER JOIN (
    SELECT
        tt.type_name,
        row_number() OVER (ORDER BY tt.type_name) AS number
    FROM task_types AS tt
) AS n ON 1 + r.run % 23 = n.number
INNER JOIN (
    SELECT
        e.channel,
        row_number() OVER (ORDER BY e.channel) AS number
    FROM campaign_types AS ct
    CROSS JOIN LATERAL jsonb_array_elements_text(ct.default_channels) AS e (channel)
    GROUP BY e.channel
) AS h ON 1 + r.run % 12 = h.number
LEFT JOIN LATERAL (
    SELECT tasks.*
    FROM tasks
    WHERE
        tasks.user_id = r.user_id
        AND tasks.created_at <= r.asked_at
    ORDER BY tasks.created_at DESC, tasks.id DESC
    LIMIT 1
) AS t ON TRUE
LEFT JOIN LATERAL (
    SELECT c.id AS campaign_id
    FROM campaigns AS c
    WHERE c.user_id = r.user_id
    ORDER BY c.created_at <= r.asked_at DESC, c.created_at DESC
    LIMIT 1
) AS c ON TRUE
LEFT JOIN LATERAL (
    SELECT
        a.category_id,
        a.type_id,
        a.status
    FROM agents AS a
    WHERE
        a.user_id = r.user_id
        AND a.type_id IS NOT NULL
    ORDER BY a.created_at <= r.asked_at DESC, a.created_at DESC
    LIMIT 1
) AS a ON TRUE
LEFT JOIN LATERAL (
    SELECT k.provider_id
    FROM api_keys AS k
    WHERE
        k.user_id = r.user_id
        AND k.is_default
    ORDER BY k.provider_id
    LIMIT 1
) AS k ON TRUE
LEFT JOIN LATERAL (
    SELECT ak.key_hash
    FROM api_keys AS ak
    WHERE ak.user_id = r.user_id
    ORDER BY ak.id
    LIMIT 1
) AS kh ON TRUE
LEFT JOIN LATERAL (
    SELECT
        gc.content_type,
        gc.tags ->> (r.run % 2) AS tag
    FROM generated_content AS gc
    WHERE
        gc.user_id = r.user_id
        AND gc.created_at <= r.asked_at
        AND gc.tags IS NOT NULL
    ORDER BY gc.created_at DESC, gc.id DESC
    LIMIT 1
) AS g ON TRUE
LEFT JOIN LATERAL (
    -- Two words of one of the user's texts.
    SELECT
        regexp_replace(
            split_part(gc.content_text, ' ', 3 + r.run % 8) || ' '
            || split_part(gc.content_text, ' ', 12),
            '[.,]', '', 'g'
        ) AS words
    FROM generated_content AS gc
    WHERE
        gc.user_id = r.user_id
        AND gc.created_at <= r.asked_at
        AND gc.content_type = 'text'
    ORDER BY gc.created_at DESC, gc.id DESC
    LIMIT 1
) AS x ON TRUE
ORDER BY r.run;
