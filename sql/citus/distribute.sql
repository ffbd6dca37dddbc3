-- Distributes the schema over the workers of a Citus cluster: the tables of a tenant by user_id,
-- colocated, and all others as reference tables. The database may be empty or filled. Run it on the
-- coordinator, as the role that owns the tables:
--
--     psql -X -f sql/citus/distribute.sql "$DATABASE_URL"
--
-- All is done in one transaction, or nothing. The tables are locked until its end, and each row is
-- copied once. undistribute.sql is the way back. docs/scale-out.md says what changes for the application.
\set ON_ERROR_STOP on
BEGIN;
\ir before.sql

-- A row that waits for another session's lock would keep all tables locked meanwhile.
SET LOCAL lock_timeout = '10s';
SET LOCAL client_min_messages = warning;
-- A reference table is changed before the tables that refer to it: by the same connections.
SET LOCAL citus.multi_shard_modify_mode = 'sequential';
-- Otherwise the lookup tables become tables of the coordinator before they become reference tables.
SET LOCAL citus.enable_local_reference_table_foreign_keys = off;
-- row_times alone, which changes only the row that it runs for: of a distributed table there is one.
SET LOCAL citus.enable_unsafe_triggers = on;
LOCK TABLE users, campaigns, agents, tasks, api_keys, generated_content IN ACCESS EXCLUSIVE MODE;

\ir keys.sql

-- What Citus would refuse; the rows are printed.
\set found 0
\ir ../checks/citus/unique_without_tenant.sql
SELECT :found + :ROW_COUNT AS found \gset
\ir ../checks/citus/reference_beyond_tenant.sql
SELECT :found + :ROW_COUNT AS found \gset
\ir ../checks/citus/trigger_beyond_row.sql
SELECT :found + :ROW_COUNT AS found \gset
\ir ../checks/citus/tenant_column_differs.sql
SELECT :found + :ROW_COUNT AS found \gset
\ir ../checks/citus/policy_with_subquery.sql
SELECT :found + :ROW_COUNT > 0 AS refused \gset
\if :refused
    DO $$ BEGIN RAISE 'Citus would refuse what is listed above: nothing was changed.'; END $$;
\endif

CREATE TEMPORARY TABLE account (moment text, what text, name text, value text) ON COMMIT DROP;
\set moment before
\ir account.sql

SELECT create_reference_table('subscription_tiers');
SELECT create_reference_table('ai_providers');
SELECT create_reference_table('task_types');
SELECT create_reference_table('provider_models');
SELECT create_reference_table('agent_categories');
SELECT create_reference_table('agent_types');
SELECT create_reference_table('campaign_types');
SELECT create_reference_table('users');
SELECT create_distributed_table('campaigns', 'user_id');
SELECT create_distributed_table('agents', 'user_id', colocate_with => 'campaigns');
SELECT create_distributed_table('api_keys', 'user_id', colocate_with => 'campaigns');
SELECT create_distributed_table('tasks', 'user_id', colocate_with => 'campaigns');
SELECT create_distributed_table('generated_content', 'user_id', colocate_with => 'tasks');
-- The rows that were copied are still on the coordinator's disk.
SELECT truncate_local_data_after_distributing_table(p.logicalrelid)
FROM pg_dist_partition AS p
INNER JOIN pg_class AS c ON p.logicalrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace;

\set moment after
\ir account.sql
\ir same.sql
COMMIT;
ANALYZE users, campaigns, agents, tasks, api_keys, generated_content;
