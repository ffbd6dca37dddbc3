-- group: campaigns
-- budget_ms: 200
-- index: idx_campaigns_active_end
-- params: now timestamptz, after timestamptz, after_id uuid, page_size integer
--
-- The first page comes after ('-infinity', '00000000-0000-0000-0000-000000000000').
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
    AND (c.end_date, c.id) > ($2, $3)
ORDER BY c.end_date, c.id
LIMIT $4;
