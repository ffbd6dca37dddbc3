-- Undoes keys.sql. undistribute.sql runs this once no table is distributed any more.
--
-- If it fails, two rows have what is unique on one machine and not within a tenant, or a model lists
-- a task type that is not there; nothing is changed then.
ALTER TABLE tasks DROP CONSTRAINT fk_tasks_campaign_id;
ALTER TABLE generated_content
DROP CONSTRAINT fk_generated_content_task_id,
DROP CONSTRAINT pk_generated_content,
ADD CONSTRAINT pk_generated_content PRIMARY KEY (id),
DROP CONSTRAINT uq_generated_content_task_id,
ADD CONSTRAINT uq_generated_content_task_id UNIQUE (task_id);

ALTER TABLE agents
DROP CONSTRAINT pk_agents,
ADD CONSTRAINT pk_agents PRIMARY KEY (id);

ALTER TABLE api_keys
DROP CONSTRAINT pk_api_keys,
ADD CONSTRAINT pk_api_keys PRIMARY KEY (id);

ALTER TABLE campaigns
DROP CONSTRAINT pk_campaigns,
ADD CONSTRAINT pk_campaigns PRIMARY KEY (id);
CREATE UNIQUE INDEX uq_campaigns_user_id_id ON campaigns (user_id, id);

ALTER TABLE tasks
DROP CONSTRAINT pk_tasks,
ADD CONSTRAINT pk_tasks PRIMARY KEY (id);
CREATE UNIQUE INDEX uq_tasks_user_id_id ON tasks (user_id, id);
COMMENT ON INDEX uq_campaigns_user_id_id IS
'For tasks to refer to a campaign of their own user alone.';
COMMENT ON INDEX uq_tasks_user_id_id IS
'For content to refer to a task of its own user alone.';

ALTER TABLE tasks
ADD CONSTRAINT fk_tasks_campaign_id FOREIGN KEY (user_id, campaign_id)
REFERENCES campaigns (user_id, id) ON DELETE SET NULL (campaign_id);
COMMENT ON CONSTRAINT fk_tasks_campaign_id ON tasks IS
'Both columns, so that a task is filed under its own user''s campaigns alone; deleting the '
'campaign empties campaign_id and leaves the owner.';
ALTER TABLE generated_content
ADD CONSTRAINT fk_generated_content_task_id FOREIGN KEY (user_id, task_id)
REFERENCES tasks (user_id, id) ON DELETE CASCADE;
COMMENT ON CONSTRAINT fk_generated_content_task_id ON generated_content IS
'Both columns, so that content belongs to its task''s own user.';

DO $$
DECLARE
    reference_table text;
BEGIN
    FOREACH reference_table IN ARRAY ARRAY[
        'subscription_tiers', 'ai_providers', 'task_types', 'provider_models', 'agent_categories',
        'agent_types', 'campaign_types', 'users'
    ]
    LOOP
        EXECUTE format(
            'CREATE TRIGGER tr_%1$s_row_times BEFORE INSERT OR UPDATE ON public.%1$I '
            'FOR EACH ROW EXECUTE FUNCTION public.row_times()',
            reference_table
        );
        EXECUTE format(
            'COMMENT ON TRIGGER tr_%1$s_row_times ON public.%1$I IS %2$L',
            reference_table,
            'Keeps created_at and updated_at by the server''s clock.'
        );
    END LOOP;

    IF EXISTS (
        SELECT FROM public.provider_models AS m
        CROSS JOIN LATERAL jsonb_array_elements_text(m.task_types) AS e (listed)
        WHERE NOT EXISTS (SELECT FROM public.task_types AS t WHERE t.type_name = e.listed)
    ) THEN
        RAISE 'a model lists a task type that is not there: sql/checks/model_task_type_unknown.sql';
    END IF;
END
$$;

CREATE TRIGGER tr_provider_models_list_existing
AFTER INSERT OR UPDATE OF task_types ON provider_models
FOR EACH ROW EXECUTE FUNCTION provider_models_list_existing();
COMMENT ON TRIGGER tr_provider_models_list_existing ON provider_models IS
'A model lists existing task types alone.';

CREATE TRIGGER tr_task_types_stay_listed
AFTER DELETE OR UPDATE OF type_name ON task_types
FOR EACH ROW EXECUTE FUNCTION task_types_stay_listed();
COMMENT ON TRIGGER tr_task_types_stay_listed ON task_types IS
'A task type that a model lists is neither deleted nor renamed.';

CREATE TRIGGER tr_task_types_stay_with_models
AFTER TRUNCATE ON task_types
FOR EACH STATEMENT EXECUTE FUNCTION task_types_stay_with_models();
COMMENT ON TRIGGER tr_task_types_stay_with_models ON task_types IS
'Task types are truncated together with the models that list them, or not at all.';
