-- purpose: the work that users order, and the workers' queue
-- locks: SHARE ROW EXCLUSIVE on users, SHARE ROW EXCLUSIVE on task_types, SHARE ROW EXCLUSIVE on provider_models, SHARE ROW EXCLUSIVE on campaigns
-- reversible: lossy: every task
-- review:allow several-tables until=2030-12-31 because "born in this chain, still empty"

CREATE TABLE tasks (
    id valid_uuid NOT NULL DEFAULT new_id(),
    user_id bigint NOT NULL,
    task_type_id integer,
    provider_model_id integer,
    campaign_id valid_uuid,
    status text NOT NULL DEFAULT 'pending',
    priority text NOT NULL DEFAULT 'medium',
    credit_cost integer NOT NULL,
    estimated_cost integer,
    request_payload jsonb NOT NULL,
    result_payload jsonb,
    error_message text,
    error_code text,
    execution_time_ms integer,
    retry_count integer NOT NULL DEFAULT 0,
    scheduled_at timestamptz,
    started_at timestamptz,
    completed_at timestamptz,
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT pk_tasks PRIMARY KEY (id),
    CONSTRAINT fk_tasks_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_tasks_task_type_id FOREIGN KEY (task_type_id)
    REFERENCES task_types (id) ON DELETE RESTRICT,
    CONSTRAINT fk_tasks_provider_model_id FOREIGN KEY (provider_model_id)
    REFERENCES provider_models (id) ON DELETE RESTRICT,
    CONSTRAINT fk_tasks_campaign_id FOREIGN KEY (user_id, campaign_id)
    REFERENCES campaigns (user_id, id) ON DELETE SET NULL (campaign_id),

    CONSTRAINT ck_tasks_status CHECK (
        status IN (
            'pending', 'queued', 'processing', 'retrying',
            'completed', 'failed', 'cancelled', 'expired'
        )
    ),
    CONSTRAINT ck_tasks_priority CHECK (priority IN ('low', 'medium', 'high', 'urgent')),
    CONSTRAINT ck_tasks_credit_cost_not_negative CHECK (credit_cost >= 0),
    CONSTRAINT ck_tasks_estimated_cost_not_negative CHECK (estimated_cost >= 0),
    CONSTRAINT ck_tasks_request_payload_object CHECK (
        jsonb_typeof(request_payload) = 'object' AND request_payload <> '{}'
    ),
    CONSTRAINT ck_tasks_result_payload_document CHECK (
        jsonb_typeof(result_payload) IN ('object', 'array')
    ),
    CONSTRAINT ck_tasks_error_message_not_blank CHECK (not_blank(error_message)),
    CONSTRAINT ck_tasks_error_code_form CHECK (
        CASE
            WHEN char_length(error_code) > 50 THEN TRUE
            ELSE error_code ~ '^[a-z0-9]+(_[a-z0-9]+)*$'
        END
    ),
    CONSTRAINT ck_tasks_error_code_length CHECK (char_length(error_code) <= 50),
    CONSTRAINT ck_tasks_execution_time_ms_not_negative CHECK (execution_time_ms >= 0),
    CONSTRAINT ck_tasks_retry_count_range CHECK (retry_count BETWEEN 0 AND 5),
    CONSTRAINT ck_tasks_scheduled_not_before_created CHECK (
        scheduled_at >= created_at - interval '5 minutes'
    ),
    CONSTRAINT ck_tasks_started_not_before_created CHECK (
        started_at >= created_at - interval '5 minutes'
    ),
    CONSTRAINT ck_tasks_completed_not_before_started CHECK (completed_at >= started_at),
    CONSTRAINT ck_tasks_completed_not_before_created CHECK (
        completed_at >= created_at - interval '5 minutes'
    ),
    CONSTRAINT ck_tasks_expires_after_created CHECK (expires_at > created_at),
    CONSTRAINT ck_tasks_processing_needs_started_at CHECK (
        status <> 'processing' OR started_at IS NOT NULL
    ),
    CONSTRAINT ck_tasks_completed_needs_completed_at CHECK (
        status <> 'completed' OR completed_at IS NOT NULL
    ),
    CONSTRAINT ck_tasks_failed_needs_error_message CHECK (
        status <> 'failed' OR error_message IS NOT NULL
    ),
    CONSTRAINT ck_tasks_updated_not_before_created CHECK (updated_at >= created_at),
    CONSTRAINT ck_tasks_times_finite CHECK (
        isfinite(scheduled_at)
        AND isfinite(started_at)
        AND isfinite(completed_at)
        AND isfinite(expires_at)
        AND isfinite(created_at)
        AND isfinite(updated_at)
    )
) WITH (fillfactor = 80);

COMMENT ON TABLE tasks IS
'AI work: what is asked, by whom, at what cost, and what came of it. Also the workers'' queue. '
'Pages are filled to 80 % so that a task''s changes of status, which touch no index, stay on its '
'page.';
COMMENT ON COLUMN tasks.id IS 'Time-ordered identifier.';
COMMENT ON COLUMN tasks.user_id IS 'The owner, who pays.';
COMMENT ON COLUMN tasks.task_type_id IS 'Kind of work.';
COMMENT ON COLUMN tasks.provider_model_id IS 'Model that runs it; NULL until one is chosen.';
COMMENT ON COLUMN tasks.campaign_id IS
'Campaign that it is filed under, of the same user; NULL is none.';
COMMENT ON COLUMN tasks.status IS 'Where it is in its life.';
COMMENT ON COLUMN tasks.priority IS 'How soon workers take it.';
COMMENT ON COLUMN tasks.credit_cost IS 'Credits that it costs.';
COMMENT ON COLUMN tasks.estimated_cost IS 'Credits that it was thought to cost beforehand.';
COMMENT ON COLUMN tasks.request_payload IS 'What is asked of the model: a non-empty object.';
COMMENT ON COLUMN tasks.result_payload IS 'What the model answered: an object or an array.';
COMMENT ON COLUMN tasks.error_message IS 'What went wrong, for people.';
COMMENT ON COLUMN tasks.error_code IS
'What went wrong, for programs; in lower-case words joined by underscores.';
COMMENT ON COLUMN tasks.execution_time_ms IS 'How long the model took, in milliseconds.';
COMMENT ON COLUMN tasks.retry_count IS 'How often it was tried again.';
COMMENT ON COLUMN tasks.scheduled_at IS 'Not to be run before; NULL is at once.';
COMMENT ON COLUMN tasks.started_at IS 'When a worker took it.';
COMMENT ON COLUMN tasks.completed_at IS 'When it ended, whatever the outcome.';
COMMENT ON COLUMN tasks.expires_at IS 'When it, and its result, may be forgotten.';
COMMENT ON COLUMN tasks.created_at IS
'When the row was made; never later than the server''s clock. An event may lie up to 5 minutes '
'before it: clocks of clients differ.';
COMMENT ON COLUMN tasks.updated_at IS 'When the row was last written; kept by a trigger.';
COMMENT ON CONSTRAINT fk_tasks_campaign_id ON tasks IS
'Both columns, so that a task is filed under its own user''s campaigns alone; deleting the '
'campaign empties campaign_id and leaves the owner.';

-- An index and not a constraint, so that it can become the primary key with the references that
-- use it: see sql/citus/keys.sql.
CREATE UNIQUE INDEX uq_tasks_user_id_id ON tasks (user_id, id);
COMMENT ON INDEX uq_tasks_user_id_id IS
'For content to refer to a task of its own user alone.';

CREATE TRIGGER tr_tasks_row_times
BEFORE INSERT OR UPDATE ON tasks
FOR EACH ROW EXECUTE FUNCTION row_times();
COMMENT ON TRIGGER tr_tasks_row_times ON tasks IS
'Keeps created_at and updated_at by the server''s clock.';
