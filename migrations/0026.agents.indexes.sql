-- purpose: agents by owner, for the public marketplace, for the scheduler and by type
-- locks: SHARE on agents
-- reversible: yes
-- review:allow index-build on=agents until=2030-12-31 because "born in this chain, still empty"
--
-- Not CONCURRENTLY: the table is born in this chain and is empty when its indexes are built.
-- squawk-ignore-file require-concurrent-index-creation

-- Read backwards: best first.
CREATE INDEX idx_agents_user_active_best ON agents (user_id, success_rate NULLS FIRST, id)
WHERE status = 'active';
COMMENT ON INDEX idx_agents_user_active_best IS 'Serves the query dashboard_active_agents.';

CREATE INDEX idx_agents_user_category_status
ON agents (user_id, category_id, status, created_at, id);
COMMENT ON INDEX idx_agents_user_category_status IS
'Serves the query agents_by_category_and_status and the reference fk_agents_user_id.';

CREATE INDEX idx_agents_user_most_executed ON agents (user_id, execution_count, id);
COMMENT ON INDEX idx_agents_user_most_executed IS 'Serves the query agents_most_executed.';

CREATE INDEX idx_agents_public_category_best
ON agents (category_id, (coalesce(success_rate, -1)), id)
WHERE is_public;
COMMENT ON INDEX idx_agents_public_category_best IS
'Serves the query agents_marketplace_by_category.';

CREATE INDEX idx_agents_public_type_best
ON agents (type_id, (coalesce(success_rate, -1)), id)
WHERE is_public;
COMMENT ON INDEX idx_agents_public_type_best IS 'Serves the query agents_marketplace_by_type.';

CREATE INDEX idx_agents_public_newest ON agents (published_at, id) WHERE is_public;
COMMENT ON INDEX idx_agents_public_newest IS 'Serves the query agents_marketplace_newest.';

CREATE INDEX idx_agents_public_most_executed ON agents (execution_count, id)
WHERE is_public;
COMMENT ON INDEX idx_agents_public_most_executed IS
'Serves the query agents_marketplace_most_executed.';

CREATE INDEX idx_agents_public_tags ON agents USING gin (tags) WHERE is_public;
COMMENT ON INDEX idx_agents_public_tags IS 'Serves the query agents_by_tag.';

CREATE INDEX idx_agents_scheduled_least_recent ON agents (last_executed_at NULLS FIRST, id)
WHERE agent_type = 'scheduled' AND status = 'active';
COMMENT ON INDEX idx_agents_scheduled_least_recent IS 'Serves the query agents_scheduled_due.';

CREATE INDEX idx_agents_category_id_type_id ON agents (category_id, type_id);
COMMENT ON INDEX idx_agents_category_id_type_id IS
'Serves the references fk_agents_category_id and fk_agents_type_id alone: a category or type in '
'use cannot be deleted.';
