-- group: dashboard
-- budget_ms: 50
-- index: idx_agents_user_active_best
-- params: user_id bigint, page_size integer
SELECT
    a.id,
    a.name,
    a.agent_type,
    a.success_rate,
    a.execution_count,
    a.last_executed_at
FROM agents AS a
WHERE
    a.user_id = $1
    AND a.status = 'active'
ORDER BY a.success_rate DESC NULLS LAST, a.id DESC
LIMIT $2;
