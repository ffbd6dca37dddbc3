-- group: campaigns
-- budget_ms: 200
-- index: idx_campaigns_channels
-- params: channel text, page integer
SELECT
    c.id,
    c.user_id,
    c.name,
    c.status,
    c.channels
FROM campaigns AS c
WHERE c.channels ? $1
ORDER BY c.id DESC
LIMIT $2;
