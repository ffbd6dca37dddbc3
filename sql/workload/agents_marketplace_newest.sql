-- group: agents
-- budget_ms: 200
-- index: idx_agents_public_newest
-- params: before timestamptz, before_id uuid, page_size integer
--
-- The first page comes before ('infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff').
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
    AND (a.published_at, a.id) < ($1, $2)
ORDER BY a.published_at DESC, a.id DESC
LIMIT $3;
