-- group: agents
-- budget_ms: 200
-- index: idx_agents_user_category_status
-- params: user_id bigint, category_id integer, status text, before timestamptz, before_id uuid, page_size integer
--
-- The first page comes before ('infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff').
SELECT
    a.id,
    a.name,
    a.type_id,
    a.agent_type,
    a.version,
    a.execution_count,
    a.success_rate,
    a.created_at
FROM agents AS a
WHERE
    a.user_id = $1
    AND a.category_id = $2
    AND a.status = $3
    AND (a.created_at, a.id) < ($4, $5)
ORDER BY a.created_at DESC, a.id DESC
LIMIT $6;
