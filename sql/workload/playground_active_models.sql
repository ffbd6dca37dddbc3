-- group: playground
-- budget_ms: 100
-- index: none
-- params: none
--
-- Reads two lookup tables whole: some dozens of rows, a page each.
SELECT
    p.provider_name,
    p.display_name,
    m.model_name,
    m.task_types,
    m.cost_per_credit
FROM provider_models AS m
INNER JOIN ai_providers AS p ON m.provider = p.provider_name
WHERE
    m.is_active
    AND p.is_active
ORDER BY m.provider, m.model_name;
