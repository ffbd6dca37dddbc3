-- group: dashboard
-- budget_ms: 50
-- index: idx_campaigns_user_newest
-- params: user_id bigint
SELECT
    c.id,
    c.name,
    c.status,
    ct.type_name,
    c.spent_credits,
    c.budget_credits,
    c.created_at
FROM campaigns AS c
LEFT JOIN campaign_types AS ct ON c.campaign_type_id = ct.id
WHERE c.user_id = $1
ORDER BY c.created_at DESC, c.id DESC
LIMIT 5;
