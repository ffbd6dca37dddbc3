-- group: campaigns
-- budget_ms: 200
-- index: idx_campaigns_user_current
-- params: user_id bigint, page_size integer
SELECT
    c.id,
    c.name,
    c.status,
    c.start_date,
    c.end_date,
    c.budget_credits,
    c.spent_credits
FROM campaigns AS c
WHERE
    c.user_id = $1
    AND c.status IN ('active', 'scheduled')
ORDER BY c.start_date, c.id
LIMIT $2;
