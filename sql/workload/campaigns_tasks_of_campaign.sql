-- group: campaigns
-- budget_ms: 200
-- index: idx_tasks_campaign_newest
-- params: user_id bigint, campaign_id uuid, before timestamptz, before_id uuid, page_size integer
--
-- The first page comes before ('infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff').
WITH total AS (
    SELECT
        count(*) AS task_count,
        sum(t.credit_cost) AS credits
    FROM tasks AS t
    WHERE
        t.user_id = $1
        AND t.campaign_id = $2
)

SELECT
    t.id,
    t.status,
    t.credit_cost,
    t.created_at,
    total.task_count,
    total.credits
FROM tasks AS t
CROSS JOIN total
WHERE
    t.user_id = $1
    AND t.campaign_id = $2
    AND (t.created_at, t.id) < ($3, $4)
ORDER BY t.created_at DESC, t.id DESC
LIMIT $5;
