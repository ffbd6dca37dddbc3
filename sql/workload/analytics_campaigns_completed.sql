-- group: analytics
-- budget_ms: 1000
-- index: idx_campaigns_type_completed
-- params: period_start timestamptz, period_end timestamptz
SELECT
    ct.type_name,
    count(c.completed_at) AS campaigns,
    avg(c.completed_at - c.launched_at) AS mean_duration
FROM campaign_types AS ct
LEFT JOIN campaigns AS c
    ON
        ct.id = c.campaign_type_id
        AND c.completed_at >= $1
        AND c.completed_at < $2
GROUP BY ct.type_name
ORDER BY campaigns DESC, ct.type_name ASC;
