-- Says what app, worker and readonly may do in this database; docs/roles.md shows it as a table.
-- Run it with psql as the owner of the tables, or a superuser, after roles.sql:
--     psql -X -f sql/roles/grants.sql "$DATABASE_URL"
-- It first takes back what they have, in the same transaction, so that they have just this.
\ir names.sql
BEGIN;
\ir revoke.sql

\if :owns_database
GRANT CONNECT ON DATABASE :"DBNAME" TO :"app", :"worker", :"readonly";
GRANT USAGE ON SCHEMA public TO :"app", :"worker", :"readonly";
\endif

-- Reference data: seeds write it, as its owner.
GRANT SELECT ON
subscription_tiers, ai_providers, task_types, provider_models, agent_categories, agent_types,
campaign_types
TO :"app", :"worker", :"readonly";

-- What defaults and checks call, whoever writes a row executes. Functions of triggers need nothing.
GRANT EXECUTE ON FUNCTION
new_id(), not_blank(text), no_control_characters(text), is_slug(text), is_array_of_strings(jsonb),
has_distinct_elements(jsonb), is_host(text), is_ipv4(text), is_ipv6(text)
TO :"app", :"worker";

-- The web application. It makes nobody an administrator, and gives nobody credits.
GRANT SELECT, INSERT, UPDATE, DELETE ON campaigns, agents, tasks, generated_content TO :"app";
GRANT SELECT, UPDATE ON unfinished_tasks TO :"app";
GRANT
SELECT,
INSERT (
    id, email, google_id, password_hash, full_name, avatar_url, subscription_tier_id, is_active,
    preferences, last_login_at, email_verified_at, created_at, updated_at
),
UPDATE (
    email, google_id, password_hash, full_name, avatar_url, subscription_tier_id, is_active,
    preferences, last_login_at, email_verified_at, updated_at
),
DELETE
ON users TO :"app";
-- A key stays with its user and its provider.
GRANT
SELECT,
INSERT,
UPDATE (
    key_name, encrypted_key, key_hash, permissions, usage_limits, usage_stats, is_active, is_default,
    expires_at, last_used_at, last_validated_at, validation_status, error_count, updated_at
),
DELETE
ON api_keys TO :"app";

-- What the application asks where it may not see all rows, or does not know yet whose.
GRANT EXECUTE ON FUNCTION
dashboard_login_by_email(text), dashboard_login_by_google_id(text),
sign_up(text, text, text, text, text, jsonb),
agents_marketplace_by_category(integer, numeric, uuid, integer),
agents_marketplace_by_type(integer, numeric, uuid, integer),
agents_marketplace_most_executed(integer, uuid, integer),
agents_marketplace_newest(timestamptz, uuid, integer),
agents_search_by_name(text, text, uuid, integer),
agents_by_tag(text, numeric, uuid, integer),
admin_public_gallery(timestamptz, uuid, integer),
playground_search_text(bigint, text, timestamptz, uuid, integer)
TO :"app";

-- The workers: they run tasks, keep what came of them, and book what they cost.
GRANT SELECT, INSERT, UPDATE ON tasks TO :"worker";
GRANT SELECT, UPDATE ON unfinished_tasks TO :"worker";
GRANT SELECT, INSERT, UPDATE, DELETE ON generated_content TO :"worker";
GRANT
SELECT,
UPDATE (status, spent_credits, metrics, launched_at, completed_at, updated_at)
ON campaigns TO :"worker";
GRANT
SELECT,
UPDATE (
    status, execution_count, success_rate, avg_execution_time_ms, last_executed_at, updated_at
)
ON agents TO :"worker";
GRANT
SELECT,
UPDATE (
    usage_stats, is_active, is_default, last_used_at, last_validated_at, validation_status,
    error_count, updated_at
)
ON api_keys TO :"worker";
GRANT
SELECT (
    id, email, full_name, avatar_url, credit_balance, subscription_tier_id, is_active, preferences,
    last_login_at, email_verified_at, created_at, updated_at
),
UPDATE (credit_balance, updated_at)
ON users TO :"worker";

-- Reports and dashboards: all but password hashes and keys.
GRANT SELECT ON
campaigns, agents, tasks, generated_content, unfinished_tasks, index_usage_stats,
slow_queries_analysis
TO :"readonly";
GRANT EXECUTE ON FUNCTION statement_statistics(), statement_statistics_status() TO :"readonly";
GRANT SELECT (
    id, email, google_id, full_name, avatar_url, credit_balance, subscription_tier_id, is_active,
    is_admin, preferences, last_login_at, email_verified_at, created_at, updated_at
) ON users TO :"readonly";
GRANT SELECT (
    id, user_id, provider_id, key_name, permissions, usage_limits, usage_stats, is_active,
    is_default, expires_at, last_used_at, last_validated_at, validation_status, error_count,
    created_at, updated_at
) ON api_keys TO :"readonly";

COMMIT;
