-- group: playground
-- budget_ms: 100
-- index: none
-- params: type_name text
--
-- Reads two lookup tables whole: some dozens of rows, a page each.
SELECT
    m.id,
    m.provider,
    m.model_name,
    m.cost_per_credit
FROM provider_models AS m
INNER JOIN ai_providers AS p ON m.provider = p.provider_name
WHERE
    m.task_types ? $1
    AND m.is_active
    AND p.is_active
ORDER BY m.provider, m.model_name;
