-- group: campaigns
-- budget_ms: 200
-- index: idx_campaigns_active_end
-- params: now timestamptz
SELECT
    c.id,
    c.user_id,
    c.name,
    c.end_date,
    c.budget_credits,
    c.spent_credits
FROM campaigns AS c
WHERE
    c.status = 'active'
    AND c.end_date >= $1
    AND c.end_date < $1 + interval '7 days'
ORDER BY c.end_date, c.id;
