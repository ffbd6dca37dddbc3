-- What the schema has in another way on Citus. distribute.sql runs this before it distributes; every
-- PostgreSQL accepts it, so that `make test` sees that each migration still fits.
--
-- On Citus a key is unique within a tenant: each contains user_id. An index that is there becomes the
-- primary key in a millisecond, and the references that use it stay.
ALTER TABLE campaigns
DROP CONSTRAINT pk_campaigns,
ADD CONSTRAINT pk_campaigns PRIMARY KEY USING INDEX uq_campaigns_user_id_id;
COMMENT ON INDEX pk_campaigns IS NULL;

ALTER TABLE tasks
DROP CONSTRAINT pk_tasks,
ADD CONSTRAINT pk_tasks PRIMARY KEY USING INDEX uq_tasks_user_id_id;
COMMENT ON INDEX pk_tasks IS NULL;

ALTER TABLE agents
DROP CONSTRAINT pk_agents,
ADD CONSTRAINT pk_agents PRIMARY KEY (user_id, id);

ALTER TABLE api_keys
DROP CONSTRAINT pk_api_keys,
ADD CONSTRAINT pk_api_keys PRIMARY KEY (user_id, id);

ALTER TABLE generated_content
DROP CONSTRAINT pk_generated_content,
ADD CONSTRAINT pk_generated_content PRIMARY KEY (user_id, id),
DROP CONSTRAINT uq_generated_content_task_id,
ADD CONSTRAINT uq_generated_content_task_id UNIQUE (user_id, task_id);

-- Citus has no SET NULL of one column out of two. The application empties tasks.campaign_id before it
-- deletes a campaign, in the same transaction; the reference refuses a campaign that still has tasks.
ALTER TABLE tasks
DROP CONSTRAINT fk_tasks_campaign_id,
ADD CONSTRAINT fk_tasks_campaign_id FOREIGN KEY (user_id, campaign_id)
REFERENCES campaigns (user_id, id);
COMMENT ON CONSTRAINT fk_tasks_campaign_id ON tasks IS
'Both columns, so that a task is filed under its own user''s campaigns alone. Before a campaign is '
'deleted, campaign_id of its tasks is to be emptied.';

-- A trigger of a reference table runs on each server, and the copies of a row would differ: in the
-- time of day, say. Who updates such a row sets updated_at = now(), which the coordinator evaluates
-- once. sql/checks/model_task_type_unknown.sql finds a model of an unknown task type.
DO $$
DECLARE
    reference_table text;
BEGIN
    FOREACH reference_table IN ARRAY ARRAY[
        'subscription_tiers', 'ai_providers', 'task_types', 'provider_models', 'agent_categories',
        'agent_types', 'campaign_types', 'users'
    ]
    LOOP
        EXECUTE format('DROP TRIGGER tr_%1$s_row_times ON public.%1$I', reference_table);
    END LOOP;
END
$$;
DROP TRIGGER tr_provider_models_list_existing ON provider_models;
DROP TRIGGER tr_task_types_stay_listed ON task_types;
DROP TRIGGER tr_task_types_stay_with_models ON task_types;
