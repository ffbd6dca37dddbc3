-- purpose: the tasks that have not ended, for workers and dashboards to ask and to change
-- locks: none
-- reversible: yes
--
-- Asked by status alone, tasks is read to its end, and it grows with each year; no index holds the
-- status, so that changing it stays cheap. This view adds the condition that the indexes need, and
-- gives the two expressions of the queue's order names. Rows can be locked and updated through it;
-- there is no WITH CHECK OPTION, because the update that ends a task takes it out of the view.

CREATE VIEW unfinished_tasks WITH (security_invoker = TRUE) AS
SELECT
    t.id,
    t.user_id,
    t.task_type_id,
    t.provider_model_id,
    t.campaign_id,
    t.status,
    t.priority,
    t.credit_cost,
    t.estimated_cost,
    t.request_payload,
    t.result_payload,
    t.error_message,
    t.error_code,
    t.execution_time_ms,
    t.retry_count,
    t.scheduled_at,
    t.started_at,
    t.completed_at,
    t.expires_at,
    t.created_at,
    t.updated_at,
    CASE t.priority WHEN 'urgent' THEN 1 WHEN 'high' THEN 2 WHEN 'medium' THEN 3 ELSE 4 END
        AS priority_order,
    coalesce(t.scheduled_at, t.created_at) AS due_at
FROM tasks AS t
WHERE t.completed_at IS NULL;

COMMENT ON VIEW unfinished_tasks IS
'The tasks that have not ended: what the queue, the workers and the live view of a dashboard ask. '
'Lock rows (FOR UPDATE SKIP LOCKED) and update them through it; a task leaves it when completed_at '
'is set.';
COMMENT ON COLUMN unfinished_tasks.id IS 'As in tasks.';
COMMENT ON COLUMN unfinished_tasks.user_id IS 'As in tasks.';
COMMENT ON COLUMN unfinished_tasks.task_type_id IS 'As in tasks.';
COMMENT ON COLUMN unfinished_tasks.provider_model_id IS 'As in tasks.';
COMMENT ON COLUMN unfinished_tasks.campaign_id IS 'As in tasks.';
COMMENT ON COLUMN unfinished_tasks.status IS 'As in tasks.';
COMMENT ON COLUMN unfinished_tasks.priority IS 'As in tasks.';
COMMENT ON COLUMN unfinished_tasks.credit_cost IS 'As in tasks.';
COMMENT ON COLUMN unfinished_tasks.estimated_cost IS 'As in tasks.';
COMMENT ON COLUMN unfinished_tasks.request_payload IS 'As in tasks.';
COMMENT ON COLUMN unfinished_tasks.result_payload IS 'As in tasks.';
COMMENT ON COLUMN unfinished_tasks.error_message IS 'As in tasks.';
COMMENT ON COLUMN unfinished_tasks.error_code IS 'As in tasks.';
COMMENT ON COLUMN unfinished_tasks.execution_time_ms IS 'As in tasks.';
COMMENT ON COLUMN unfinished_tasks.retry_count IS 'As in tasks.';
COMMENT ON COLUMN unfinished_tasks.scheduled_at IS 'As in tasks.';
COMMENT ON COLUMN unfinished_tasks.started_at IS 'As in tasks.';
COMMENT ON COLUMN unfinished_tasks.completed_at IS 'NULL; set it to end the task.';
COMMENT ON COLUMN unfinished_tasks.expires_at IS 'As in tasks.';
COMMENT ON COLUMN unfinished_tasks.created_at IS 'As in tasks.';
COMMENT ON COLUMN unfinished_tasks.updated_at IS 'As in tasks.';
COMMENT ON COLUMN unfinished_tasks.priority_order IS
'1 urgent, 2 high, 3 medium, 4 low: the order of the queue, then due_at, then id.';
COMMENT ON COLUMN unfinished_tasks.due_at IS
'Since when it may run: scheduled_at, else created_at.';
