-- group: agents
-- budget_ms: 200
-- index: idx_agents_public_type_best
-- params: type_id integer, before_rate numeric, before_id uuid, page_size integer
--
-- An agent that has never run has no rate, and comes last. The first page comes before
-- (2, 'ffffffff-ffff-ffff-ffff-ffffffffffff').
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
    AND a.type_id = $1
    AND (coalesce(a.success_rate, -1), a.id) < ($2, $3)
ORDER BY coalesce(a.success_rate, -1) DESC, a.id DESC
LIMIT $4;
