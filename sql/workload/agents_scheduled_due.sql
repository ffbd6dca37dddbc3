-- group: agents
-- budget_ms: 200
-- index: idx_agents_scheduled_least_recent
-- params: page_size integer
SELECT
    a.id,
    a.user_id,
    a.triggers,
    a.last_executed_at
FROM agents AS a
WHERE
    a.agent_type = 'scheduled'
    AND a.status = 'active'
ORDER BY a.last_executed_at NULLS FIRST, a.id
LIMIT $1;
