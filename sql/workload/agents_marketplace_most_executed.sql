-- group: agents
-- budget_ms: 200
-- index: idx_agents_public_most_executed
-- params: page integer
SELECT
    a.id,
    a.name,
    a.description,
    a.tags,
    a.version,
    a.success_rate,
    a.execution_count,
    a.published_at
FROM agents AS a

WHERE a.is_public
ORDER BY a.execution_count DESC, a.id DESC
LIMIT $1;
