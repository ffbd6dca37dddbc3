-- Every task type that a model lists is there. A trigger sees to it; this finds what was loaded
-- while triggers were off.
SELECT
    m.provider,
    m.model_name,
    e.type_name
FROM provider_models AS m
CROSS JOIN LATERAL jsonb_array_elements_text(m.task_types) AS e (type_name)
LEFT JOIN task_types AS t ON e.type_name = t.type_name
WHERE t.type_name IS NULL;
