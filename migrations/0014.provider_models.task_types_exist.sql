-- purpose: models list existing task types alone, as if each name in the array were a reference
-- locks: SHARE ROW EXCLUSIVE on provider_models, SHARE ROW EXCLUSIVE on task_types
-- reversible: yes
-- review:allow scan on=provider_models,task_types until=2030-12-31 because "born in this chain, still empty"
-- review:allow several-tables until=2030-12-31 because "born in this chain, still empty"
--
-- PostgreSQL has no reference from an array's elements, so triggers on both sides stand in for one.
-- Row triggers that fire AFTER the statement see all that it did: it may list a type it has just
-- made, or delete a type with the last model that lists it.
--
-- Two sessions at once: whoever lists a type writes its row, and whoever deletes or renames it
-- needs that row too, so that the second waits for the first. Then
--     list, delete     the delete sees the committed model, and is refused;
--     delete, list     the listing finds no row to write, and is refused.
-- A REPEATABLE READ or SERIALIZABLE transaction does not see what was committed after its snapshot.
-- So the row is written and not just locked: a transaction that comes second, and would look with
-- an older snapshot, fails on the newer row version (serialization_failure) before it can look.
--
-- A restore of data alone loads the models first: it takes pg_restore's --disable-triggers.

CREATE FUNCTION provider_models_list_existing() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    listed text;
BEGIN
    -- In order, so that two sessions that list the same types do not wait for each other. An INSERT
    -- has no old row: its columns are NULL.
    FOR listed IN
        SELECT pg_catalog.jsonb_array_elements_text(new.task_types)
        EXCEPT
        SELECT pg_catalog.jsonb_array_elements_text(old.task_types)
        ORDER BY 1
    LOOP
        UPDATE public.task_types AS t
        SET description = t.description
        WHERE t.type_name = listed;

        IF NOT FOUND THEN
            RAISE EXCEPTION 'model "%" of "%" lists task type "%", which is not there',
                new.model_name, new.provider, listed
                USING
                    ERRCODE = 'foreign_key_violation',
                    SCHEMA = tg_table_schema,
                    TABLE = tg_table_name,
                    COLUMN = 'task_types',
                    CONSTRAINT = tg_name;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION provider_models_list_existing() IS
'Trigger of provider_models: every task type that a row newly lists exists, and stays until this '
'transaction ends. It writes those rows of task_types, so their updated_at moves. It runs as its '
'owner, as a reference does: the rule holds whatever the writer may see.';
REVOKE EXECUTE ON FUNCTION provider_models_list_existing() FROM PUBLIC;

CREATE FUNCTION task_types_stay_listed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    model record;
BEGIN
    IF tg_op = 'UPDATE' AND new.type_name = old.type_name THEN
        RETURN NULL;
    END IF;

    SELECT
        m.provider,
        m.model_name
    INTO model
    FROM public.provider_models AS m
    WHERE m.task_types ? old.type_name
    ORDER BY m.provider, m.model_name
    LIMIT 1;

    IF FOUND THEN
        RAISE EXCEPTION 'task type "%" cannot be deleted or renamed: model "%" of "%" lists it',
            old.type_name, model.model_name, model.provider
            USING
                ERRCODE = 'foreign_key_violation',
                SCHEMA = tg_table_schema,
                TABLE = tg_table_name,
                COLUMN = 'type_name',
                CONSTRAINT = tg_name,
                HINT = 'Take it off the models that list it first.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION task_types_stay_listed() IS
'Trigger of task_types: refuses to delete or rename a type while a model lists it. It runs as its '
'owner, as a reference does: the rule holds whatever the writer may see.';
REVOKE EXECUTE ON FUNCTION task_types_stay_listed() FROM PUBLIC;

CREATE FUNCTION task_types_stay_with_models() RETURNS trigger
LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    -- The file's size, not the rows that this transaction sees: it is right at every isolation
    -- level, and is nothing if the same statement has truncated the models too.
    IF pg_catalog.pg_relation_size('public.provider_models') > 0 THEN
        RAISE EXCEPTION 'task types cannot be truncated without the models, which list them'
            USING
                ERRCODE = 'foreign_key_violation',
                SCHEMA = tg_table_schema,
                TABLE = tg_table_name,
                CONSTRAINT = tg_name,
                HINT = 'Truncate provider_models in the same statement.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION task_types_stay_with_models() IS
'Trigger of task_types: refuses to truncate it without provider_models.';
REVOKE EXECUTE ON FUNCTION task_types_stay_with_models() FROM PUBLIC;

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

-- As ADD FOREIGN KEY would: rows that are there already must obey. Both tables are locked by now.
DO $$
DECLARE
    model record;
BEGIN
    SELECT
        m.provider,
        m.model_name,
        e.listed
    INTO model
    FROM public.provider_models AS m
    CROSS JOIN LATERAL pg_catalog.jsonb_array_elements_text(m.task_types) AS e (listed)
    WHERE NOT EXISTS (
        SELECT FROM public.task_types AS t
        WHERE t.type_name = e.listed
    )
    ORDER BY m.provider, m.model_name, e.listed
    LIMIT 1;

    IF FOUND THEN
        RAISE EXCEPTION 'model "%" of "%" lists task type "%", which is not there',
            model.model_name, model.provider, model.listed
            USING ERRCODE = 'foreign_key_violation';
    END IF;
END
$$;
