-- purpose: tasks by owner, type, model and campaign, for the workers, and for reports by period
-- locks: SHARE on tasks
-- reversible: yes
-- review:allow index-build on=tasks until=2030-12-31 because "born in this chain, still empty"
--
-- Not CONCURRENTLY: the table is born in this chain and is empty when its indexes are built.
-- squawk-ignore-file require-concurrent-index-creation

-- A worker changes a task's status several times. PostgreSQL does that within the row's page (a HOT
-- update) only while no index mentions a changed column, be it in a key, an INCLUDE or a WHERE: so
-- none here mentions status or started_at. The unfinished are found by completed_at, which is set
-- once, when a task ends in whatever status; queries ask for it beside the status.

CREATE INDEX idx_tasks_user_newest ON tasks (user_id, created_at, id)
INCLUDE (provider_model_id, credit_cost);
COMMENT ON INDEX idx_tasks_user_newest IS
'Serves the queries dashboard_recent_tasks, dashboard_recent_tasks_next_page, '
'dashboard_task_counts, analytics_provider_usage, analytics_monthly_usage and the reference '
'fk_tasks_user_id.';

CREATE INDEX idx_tasks_user_unfinished ON tasks (user_id, created_at, id)
WHERE completed_at IS NULL;
COMMENT ON INDEX idx_tasks_user_unfinished IS 'Serves the query dashboard_live_tasks.';

CREATE INDEX idx_tasks_type_user_newest
ON tasks (task_type_id, user_id, created_at, id);
COMMENT ON INDEX idx_tasks_type_user_newest IS
'Serves the query playground_task_type_history and the reference fk_tasks_task_type_id.';

CREATE INDEX idx_tasks_campaign_newest ON tasks (user_id, campaign_id, created_at, id)
INCLUDE (credit_cost)
WHERE campaign_id IS NOT NULL;
COMMENT ON INDEX idx_tasks_campaign_newest IS
'Serves the queries campaigns_tasks_of_campaign, campaigns_content_of_campaign and the reference '
'fk_tasks_campaign_id.';

CREATE INDEX idx_tasks_queue ON tasks (
    (CASE priority WHEN 'urgent' THEN 1 WHEN 'high' THEN 2 WHEN 'medium' THEN 3 ELSE 4 END),
    (coalesce(scheduled_at, created_at)),
    id
)
WHERE completed_at IS NULL;
COMMENT ON INDEX idx_tasks_queue IS 'Serves the queries worker_claim_tasks and worker_stuck_tasks.';

CREATE INDEX idx_tasks_scheduled ON tasks (scheduled_at, id)
WHERE completed_at IS NULL AND scheduled_at IS NOT NULL;
COMMENT ON INDEX idx_tasks_scheduled IS 'Serves the query worker_due_tasks.';

CREATE INDEX idx_tasks_result_expiry ON tasks (expires_at, id)
WHERE result_payload IS NOT NULL AND expires_at IS NOT NULL;
COMMENT ON INDEX idx_tasks_result_expiry IS 'Serves the query worker_expired_results.';

CREATE INDEX idx_tasks_failures ON tasks (completed_at) WHERE error_message IS NOT NULL;
COMMENT ON INDEX idx_tasks_failures IS 'Serves the query analytics_failures_by_code.';

CREATE INDEX idx_tasks_model_latency ON tasks (provider_model_id, completed_at)
INCLUDE (execution_time_ms);
COMMENT ON INDEX idx_tasks_model_latency IS
'Serves the query analytics_model_latency and the reference fk_tasks_provider_model_id.';

CREATE INDEX idx_tasks_created ON tasks (created_at)
INCLUDE (user_id, provider_model_id, credit_cost);
COMMENT ON INDEX idx_tasks_created IS
'Serves the queries reporting_credits_by_tier, reporting_provider_share and reporting_top_users.';

CREATE STATISTICS st_tasks_status_completed_at (MCV) ON status, completed_at FROM tasks;
-- A queue of a thousand among two million is too rare for the usual sample of 30,000 rows.
ALTER STATISTICS st_tasks_status_completed_at SET STATISTICS 1000;
COMMENT ON STATISTICS st_tasks_status_completed_at IS
'Whatever is queued is unfinished: without knowing, the planner expects no queued task among the '
'unfinished and sorts them all in worker_claim_tasks.';
