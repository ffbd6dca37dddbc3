-- group: campaigns
-- budget_ms: 200
-- index: idx_campaigns_current_channels
-- params: channel text
--
-- Whom it concerns when a channel changes its rules or fails: all of them, for the job that tells them.
SELECT
    c.id,
    c.user_id,
    c.name
FROM campaigns AS c
WHERE
    c.channels ? $1
    AND c.status IN ('active', 'scheduled')
ORDER BY c.user_id, c.id;
