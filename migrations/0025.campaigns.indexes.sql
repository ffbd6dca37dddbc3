-- purpose: campaigns by owner, by dates, by channel and by type
-- locks: SHARE on campaigns
-- reversible: yes
-- review:allow index-build on=campaigns until=2030-12-31 because "born in this chain, still empty"
--
-- Not CONCURRENTLY: the table is born in this chain and is empty when its indexes are built.
-- squawk-ignore-file require-concurrent-index-creation

CREATE INDEX idx_campaigns_user_newest ON campaigns (user_id, created_at, id);
COMMENT ON INDEX idx_campaigns_user_newest IS
'Serves the query dashboard_latest_campaigns and the reference fk_campaigns_user_id.';

CREATE INDEX idx_campaigns_user_current ON campaigns (user_id, start_date, id)
WHERE status IN ('active', 'scheduled');
COMMENT ON INDEX idx_campaigns_user_current IS 'Serves the query campaigns_active_and_scheduled.';

CREATE INDEX idx_campaigns_active_end ON campaigns (end_date, id) WHERE status = 'active';
COMMENT ON INDEX idx_campaigns_active_end IS 'Serves the query campaigns_ending_soon.';

CREATE INDEX idx_campaigns_type_completed ON campaigns (campaign_type_id, completed_at)
INCLUDE (launched_at);
COMMENT ON INDEX idx_campaigns_type_completed IS
'Serves the query analytics_campaigns_completed and the reference fk_campaigns_campaign_type_id.';

CREATE INDEX idx_campaigns_current_channels ON campaigns USING gin (channels)
WHERE status IN ('active', 'scheduled');
COMMENT ON INDEX idx_campaigns_current_channels IS 'Serves the query campaigns_using_channel.';
