-- group: agents
-- budget_ms: 200
-- index: idx_agents_public_name_trigrams
-- params: pattern text, after_name text, after_id uuid, page_size integer
--
-- The first page comes after ('', '00000000-0000-0000-0000-000000000000').
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
    AND (a.name, a.id) > ($2, $3)
ORDER BY a.name, a.id
LIMIT $4;
