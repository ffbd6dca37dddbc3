DROP TRIGGER tr_task_types_stay_with_models ON task_types;
DROP TRIGGER tr_task_types_stay_listed ON task_types;
DROP TRIGGER tr_provider_models_list_existing ON provider_models;
DROP FUNCTION task_types_stay_with_models();
DROP FUNCTION task_types_stay_listed();
DROP FUNCTION provider_models_list_existing();
