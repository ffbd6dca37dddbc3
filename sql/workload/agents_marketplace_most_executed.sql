-- group: agents
-- budget_ms: 200
-- index: idx_agents_public_most_executed
-- params: before_count integer, before_id uuid, page_size integer
--
-- The first page comes before (2147483647, 'ffffffff-ffff-ffff-ffff-ffffffffffff').
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
    AND (a.execution_count, a.id) < ($1, $2)
ORDER BY a.execution_count DESC, a.id DESC
LIMIT $3;
