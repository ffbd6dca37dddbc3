-- purpose: users' automations, some of them published
-- locks: SHARE ROW EXCLUSIVE on users, SHARE ROW EXCLUSIVE on agent_categories, SHARE ROW EXCLUSIVE on agent_types
-- reversible: lossy: every agent
-- review:allow several-tables until=2030-12-31 because "born in this chain, still empty"

CREATE TABLE agents (
    id valid_uuid NOT NULL DEFAULT new_id(),
    user_id bigint NOT NULL,
    category_id integer,
    type_id integer,
    name text NOT NULL,
    description text,
    agent_type text NOT NULL,
    status text NOT NULL DEFAULT 'draft',
    is_public boolean NOT NULL DEFAULT FALSE,
    tags jsonb,
    configuration jsonb NOT NULL,
    workflow_definition jsonb NOT NULL,
    triggers jsonb,
    variables jsonb,
    permissions jsonb,
    version semantic_version NOT NULL DEFAULT '1.0.0',
    execution_count integer NOT NULL DEFAULT 0,
    success_rate numeric(5, 4),
    avg_execution_time_ms integer,
    last_executed_at timestamptz,
    published_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT pk_agents PRIMARY KEY (id),
    CONSTRAINT fk_agents_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_agents_category_id FOREIGN KEY (category_id)
    REFERENCES agent_categories (id) ON DELETE RESTRICT,
    CONSTRAINT fk_agents_type_id FOREIGN KEY (category_id, type_id)
    REFERENCES agent_types (category_id, id) ON DELETE RESTRICT,

    CONSTRAINT ck_agents_type_needs_category CHECK (type_id IS NULL OR category_id IS NOT NULL),
    CONSTRAINT ck_agents_name_not_blank CHECK (not_blank(name)),
    CONSTRAINT ck_agents_name_length CHECK (char_length(name) <= 255),
    CONSTRAINT ck_agents_description_length CHECK (char_length(description) <= 2000),
    CONSTRAINT ck_agents_agent_type CHECK (
        agent_type IN ('workflow', 'scheduled', 'trigger_based', 'api_endpoint')
    ),
    CONSTRAINT ck_agents_status CHECK (
        status IN ('draft', 'active', 'inactive', 'archived', 'published')
    ),
    CONSTRAINT ck_agents_public_is_published CHECK (NOT is_public OR status = 'published'),
    CONSTRAINT ck_agents_published_needs_published_at CHECK (
        status <> 'published' OR published_at IS NOT NULL
    ),
    CONSTRAINT ck_agents_tags_strings CHECK (is_array_of_strings(tags)),
    CONSTRAINT ck_agents_configuration_object CHECK (
        jsonb_typeof(configuration) = 'object' AND configuration <> '{}'
    ),
    CONSTRAINT ck_agents_workflow_definition_graph CHECK (
        (
            jsonb_typeof(workflow_definition) = 'object'
            AND jsonb_typeof(workflow_definition -> 'nodes') = 'array'
            AND workflow_definition -> 'nodes' <> '[]'
            AND jsonb_typeof(workflow_definition -> 'edges') = 'array'
        ) IS TRUE
    ),
    CONSTRAINT ck_agents_triggers_array CHECK (jsonb_typeof(triggers) = 'array'),
    CONSTRAINT ck_agents_variables_object CHECK (jsonb_typeof(variables) = 'object'),
    CONSTRAINT ck_agents_permissions_object CHECK (jsonb_typeof(permissions) = 'object'),
    CONSTRAINT ck_agents_execution_count_not_negative CHECK (execution_count >= 0),
    CONSTRAINT ck_agents_success_rate_range CHECK (success_rate BETWEEN 0 AND 1),
    CONSTRAINT ck_agents_success_rate_if_executed CHECK (
        (success_rate IS NOT NULL) = (execution_count > 0)
    ),
    CONSTRAINT ck_agents_avg_execution_time_ms_not_negative CHECK (avg_execution_time_ms >= 0),
    CONSTRAINT ck_agents_last_executed_needs_execution CHECK (
        last_executed_at IS NULL OR execution_count > 0
    ),
    CONSTRAINT ck_agents_last_executed_not_before_created CHECK (
        last_executed_at >= created_at - interval '5 minutes'
    ),
    CONSTRAINT ck_agents_published_not_before_created CHECK (
        published_at >= created_at - interval '5 minutes'
    ),
    CONSTRAINT ck_agents_updated_not_before_created CHECK (updated_at >= created_at),
    CONSTRAINT ck_agents_times_finite CHECK (
        isfinite(last_executed_at)
        AND isfinite(published_at)
        AND isfinite(created_at)
        AND isfinite(updated_at)
    )
);

COMMENT ON TABLE agents IS 'Automations that a user builds; published ones are shown to all.';
COMMENT ON COLUMN agents.id IS 'Time-ordered identifier.';
COMMENT ON COLUMN agents.user_id IS 'The owner.';
COMMENT ON COLUMN agents.category_id IS 'Shelf of the marketplace; NULL is none.';
COMMENT ON COLUMN agents.type_id IS
'Ready-made kind that it follows, of the same category; NULL is none.';
COMMENT ON COLUMN agents.name IS 'Name that the owner gave it.';
COMMENT ON COLUMN agents.description IS 'What it does.';
COMMENT ON COLUMN agents.agent_type IS 'What sets it off: a person, the clock, an event or a call.';
COMMENT ON COLUMN agents.status IS 'Where it is in its life.';
COMMENT ON COLUMN agents.is_public IS 'Whether the marketplace shows it.';
COMMENT ON COLUMN agents.tags IS 'Words to find it by: an array of strings.';
COMMENT ON COLUMN agents.configuration IS 'Settings: a non-empty object.';
COMMENT ON COLUMN agents.workflow_definition IS
'The steps: an object with the arrays nodes, at least one, and edges.';
COMMENT ON COLUMN agents.triggers IS 'What sets it off, in detail: an array.';
COMMENT ON COLUMN agents.variables IS 'Values that its steps share: an object.';
COMMENT ON COLUMN agents.permissions IS 'What it may do on the owner''s behalf: an object.';
COMMENT ON COLUMN agents.version IS 'Version of the definition.';
COMMENT ON COLUMN agents.execution_count IS 'How often it has run.';
COMMENT ON COLUMN agents.success_rate IS
'Share of its runs that succeeded, 0 to 1; NULL exactly while it has never run.';
COMMENT ON COLUMN agents.avg_execution_time_ms IS
'How long a run takes on average, in milliseconds.';
COMMENT ON COLUMN agents.last_executed_at IS 'When it last ran.';
COMMENT ON COLUMN agents.published_at IS 'When it was published.';
COMMENT ON COLUMN agents.created_at IS
'When the row was made; never later than the server''s clock. An event may lie up to 5 minutes '
'before it: clocks of clients differ.';
COMMENT ON COLUMN agents.updated_at IS 'When the row was last written; kept by a trigger.';
COMMENT ON CONSTRAINT ck_agents_type_needs_category ON agents IS
'fk_agents_type_id looks at pairs that are complete: without this, a type could stand without its'
' category, and need not exist.';
COMMENT ON CONSTRAINT fk_agents_type_id ON agents IS
'Both columns, so that an agent''s type is of the agent''s category.';
COMMENT ON CONSTRAINT ck_agents_workflow_definition_graph ON agents IS
'IS TRUE, since a key that is not there gives NULL, which a CHECK lets pass.';

CREATE TRIGGER tr_agents_row_times
BEFORE INSERT OR UPDATE ON agents
FOR EACH ROW EXECUTE FUNCTION row_times();
COMMENT ON TRIGGER tr_agents_row_times ON agents IS
'Keeps created_at and updated_at by the server''s clock.';
