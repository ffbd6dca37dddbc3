DROP INDEX idx_campaigns_current_channels;
DROP INDEX idx_campaigns_type_completed;
DROP INDEX idx_campaigns_active_end;
DROP INDEX idx_campaigns_user_current;
DROP INDEX idx_campaigns_user_newest;
