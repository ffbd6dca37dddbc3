-- group: agents
-- budget_ms: 200
-- index: idx_agents_public_name_trigrams
-- params: pattern text, page integer
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
    AND a.name ILIKE $1
ORDER BY a.name, a.id
LIMIT $2;
