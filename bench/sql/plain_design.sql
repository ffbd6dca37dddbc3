-- The design that most teams would start from, on tables with their keys and references: an index on
-- each column that a query filters or sorts by, one column each.
CREATE INDEX ON users (subscription_tier_id);
CREATE INDEX ON users (full_name);
CREATE INDEX ON users (credit_balance);
CREATE INDEX ON users (is_active);
CREATE INDEX ON users (last_login_at);
CREATE INDEX ON users (created_at);

CREATE INDEX ON campaigns (user_id);
CREATE INDEX ON campaigns (campaign_type_id);
CREATE INDEX ON campaigns (status);
CREATE INDEX ON campaigns USING gin (channels);
CREATE INDEX ON campaigns (start_date);
CREATE INDEX ON campaigns (end_date);
CREATE INDEX ON campaigns (completed_at);
CREATE INDEX ON campaigns (created_at);

CREATE INDEX ON agents (user_id);
CREATE INDEX ON agents (category_id);
CREATE INDEX ON agents (type_id);
CREATE INDEX ON agents (name);
CREATE INDEX ON agents (agent_type);
CREATE INDEX ON agents (status);
CREATE INDEX ON agents (is_public);
CREATE INDEX ON agents USING gin (tags);
CREATE INDEX ON agents (execution_count);
CREATE INDEX ON agents (success_rate);
CREATE INDEX ON agents (last_executed_at);
CREATE INDEX ON agents (published_at);
CREATE INDEX ON agents (created_at);

CREATE INDEX ON tasks (user_id);
CREATE INDEX ON tasks (task_type_id);
CREATE INDEX ON tasks (provider_model_id);
CREATE INDEX ON tasks (campaign_id);
CREATE INDEX ON tasks (status);
CREATE INDEX ON tasks (priority);
CREATE INDEX ON tasks (error_code);
CREATE INDEX ON tasks (scheduled_at);
CREATE INDEX ON tasks (started_at);
CREATE INDEX ON tasks (completed_at);
CREATE INDEX ON tasks (expires_at);
CREATE INDEX ON tasks (created_at);

CREATE INDEX ON api_keys (user_id);
CREATE INDEX ON api_keys (provider_id);
CREATE INDEX ON api_keys (is_active);
CREATE INDEX ON api_keys (is_default);
CREATE INDEX ON api_keys (key_hash);
CREATE INDEX ON api_keys (expires_at);
CREATE INDEX ON api_keys (last_validated_at);

CREATE INDEX ON generated_content (user_id);
CREATE INDEX ON generated_content (content_type);
CREATE INDEX ON generated_content USING gin (tags);
CREATE INDEX ON generated_content USING gin (to_tsvector('portuguese', content_text));
CREATE INDEX ON generated_content (is_favorite);
CREATE INDEX ON generated_content (is_public);
CREATE INDEX ON generated_content (quality_score);
CREATE INDEX ON generated_content (download_count);
CREATE INDEX ON generated_content (expires_at);
CREATE INDEX ON generated_content (created_at);
