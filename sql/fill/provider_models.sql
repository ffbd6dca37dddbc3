-- Made-up models list made-up task types; from 0014 on, triggers hold that each is there.
UPDATE provider_models AS m
SET task_types = (SELECT jsonb_build_array(min(t.type_name)) FROM task_types AS t)
WHERE EXISTS (
    SELECT
    FROM jsonb_array_elements_text(m.task_types) AS e (listed)
    WHERE e.listed NOT IN (SELECT t.type_name FROM task_types AS t)
);
