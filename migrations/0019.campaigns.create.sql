-- purpose: users' marketing campaigns
-- locks: SHARE ROW EXCLUSIVE on users, SHARE ROW EXCLUSIVE on campaign_types
-- reversible: lossy: every campaign
-- review:allow several-tables until=2030-12-31 because "born in this chain, still empty"

CREATE TABLE campaigns (
    id valid_uuid NOT NULL DEFAULT new_id(),
    user_id bigint NOT NULL,
    campaign_type_id integer,
    name text NOT NULL,
    description text,
    status text NOT NULL DEFAULT 'draft',
    channels jsonb NOT NULL,
    target_audience jsonb,
    objectives jsonb NOT NULL,
    budget_credits integer,
    spent_credits integer NOT NULL DEFAULT 0,
    content_templates jsonb,
    scheduling jsonb,
    automation_rules jsonb,
    metrics jsonb,
    a_b_testing jsonb,
    start_date timestamptz,
    end_date timestamptz,
    launched_at timestamptz,
    completed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT pk_campaigns PRIMARY KEY (id),
    CONSTRAINT fk_campaigns_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_campaigns_campaign_type_id FOREIGN KEY (campaign_type_id)
    REFERENCES campaign_types (id) ON DELETE RESTRICT,

    CONSTRAINT ck_campaigns_name_not_blank CHECK (not_blank(name)),
    CONSTRAINT ck_campaigns_name_length CHECK (char_length(name) <= 255),
    CONSTRAINT ck_campaigns_description_length CHECK (char_length(description) <= 2000),
    CONSTRAINT ck_campaigns_status CHECK (
        status IN ('draft', 'scheduled', 'active', 'paused', 'completed', 'cancelled', 'archived')
    ),
    CONSTRAINT ck_campaigns_channels_names CHECK (
        is_array_of_strings(channels) AND channels <> '[]'
    ),
    CONSTRAINT ck_campaigns_target_audience_object CHECK (jsonb_typeof(target_audience) = 'object'),
    CONSTRAINT ck_campaigns_objectives_object CHECK (
        jsonb_typeof(objectives) = 'object' AND objectives <> '{}'
    ),
    CONSTRAINT ck_campaigns_budget_credits_positive CHECK (budget_credits > 0),
    CONSTRAINT ck_campaigns_spent_credits_not_negative CHECK (spent_credits >= 0),
    CONSTRAINT ck_campaigns_spent_credits_within_budget CHECK (spent_credits <= budget_credits),
    CONSTRAINT ck_campaigns_content_templates_object CHECK (
        jsonb_typeof(content_templates) = 'object'
    ),
    CONSTRAINT ck_campaigns_scheduling_object CHECK (jsonb_typeof(scheduling) = 'object'),
    CONSTRAINT ck_campaigns_automation_rules_object CHECK (
        jsonb_typeof(automation_rules) = 'object'
    ),
    CONSTRAINT ck_campaigns_metrics_object CHECK (jsonb_typeof(metrics) = 'object'),
    CONSTRAINT ck_campaigns_a_b_testing_object CHECK (jsonb_typeof(a_b_testing) = 'object'),
    CONSTRAINT ck_campaigns_end_not_before_start CHECK (end_date >= start_date),
    CONSTRAINT ck_campaigns_launched_not_before_created CHECK (
        launched_at >= created_at - interval '5 minutes'
    ),
    CONSTRAINT ck_campaigns_completed_not_before_launched CHECK (completed_at >= launched_at),
    CONSTRAINT ck_campaigns_completed_not_before_created CHECK (
        completed_at >= created_at - interval '5 minutes'
    ),
    CONSTRAINT ck_campaigns_scheduled_needs_start_date CHECK (
        status <> 'scheduled' OR start_date IS NOT NULL
    ),
    CONSTRAINT ck_campaigns_active_needs_launched_at CHECK (
        status <> 'active' OR launched_at IS NOT NULL
    ),
    CONSTRAINT ck_campaigns_completed_needs_completed_at CHECK (
        status <> 'completed' OR completed_at IS NOT NULL
    ),
    CONSTRAINT ck_campaigns_updated_not_before_created CHECK (updated_at >= created_at),
    CONSTRAINT ck_campaigns_times_finite CHECK (
        isfinite(start_date)
        AND isfinite(end_date)
        AND isfinite(launched_at)
        AND isfinite(completed_at)
        AND isfinite(created_at)
        AND isfinite(updated_at)
    )
);

COMMENT ON TABLE campaigns IS 'Marketing campaigns, which group a user''s tasks.';
COMMENT ON COLUMN campaigns.id IS 'Time-ordered identifier.';
COMMENT ON COLUMN campaigns.user_id IS 'The owner.';
COMMENT ON COLUMN campaigns.campaign_type_id IS 'Kind of campaign; NULL is a free one.';
COMMENT ON COLUMN campaigns.name IS 'Name that the owner gave it.';
COMMENT ON COLUMN campaigns.description IS 'What it is about.';
COMMENT ON COLUMN campaigns.status IS 'Where it is in its life.';
COMMENT ON COLUMN campaigns.channels IS 'Channels that it runs on: a non-empty array of strings.';
COMMENT ON COLUMN campaigns.target_audience IS 'Whom it is for: an object.';
COMMENT ON COLUMN campaigns.objectives IS 'What it shall achieve: a non-empty object.';
COMMENT ON COLUMN campaigns.budget_credits IS 'Credits that it may spend; NULL is unlimited.';
COMMENT ON COLUMN campaigns.spent_credits IS 'Credits that it has spent; within the budget.';
COMMENT ON COLUMN campaigns.content_templates IS
'Templates that the campaign''s content starts from: an object.';
COMMENT ON COLUMN campaigns.scheduling IS 'When its tasks run: an object.';
COMMENT ON COLUMN campaigns.automation_rules IS 'What happens by itself, and when: an object.';
COMMENT ON COLUMN campaigns.metrics IS 'What it has achieved so far: an object.';
COMMENT ON COLUMN campaigns.a_b_testing IS 'Variants and how they are compared: an object.';
COMMENT ON COLUMN campaigns.start_date IS 'When it is planned to start.';
COMMENT ON COLUMN campaigns.end_date IS 'When it is planned to end.';
COMMENT ON COLUMN campaigns.launched_at IS 'When it did start.';
COMMENT ON COLUMN campaigns.completed_at IS 'When it did end.';
COMMENT ON COLUMN campaigns.created_at IS
'When the row was made; never later than the server''s clock. An event may lie up to 5 minutes '
'before it: clocks of clients differ.';
COMMENT ON COLUMN campaigns.updated_at IS 'When the row was last written; kept by a trigger.';

-- An index and not a constraint, so that it can become the primary key with the references that
-- use it: see sql/citus/keys.sql.
CREATE UNIQUE INDEX uq_campaigns_user_id_id ON campaigns (user_id, id);
COMMENT ON INDEX uq_campaigns_user_id_id IS
'For tasks to refer to a campaign of their own user alone.';

CREATE TRIGGER tr_campaigns_row_times
BEFORE INSERT OR UPDATE ON campaigns
FOR EACH ROW EXECUTE FUNCTION row_times();
COMMENT ON TRIGGER tr_campaigns_row_times ON campaigns IS
'Keeps created_at and updated_at by the server''s clock.';
