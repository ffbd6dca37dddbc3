-- group: agents
-- budget_ms: 200
-- index: idx_agents_user_most_executed
-- params: user_id bigint, page_size integer
SELECT
    a.id,
    a.name,
    a.status,
    a.execution_count,
    a.success_rate,
    a.avg_execution_time_ms,
    a.last_executed_at
FROM agents AS a
WHERE a.user_id = $1
ORDER BY a.execution_count DESC, a.id DESC
LIMIT $2;
