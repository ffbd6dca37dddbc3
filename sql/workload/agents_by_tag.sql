-- group: agents
-- budget_ms: 200
-- index: idx_agents_public_tags
-- params: tag text, page integer
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

WHERE
    a.is_public
    AND a.tags ? $1
ORDER BY a.success_rate DESC NULLS LAST, a.id DESC
LIMIT $2;
