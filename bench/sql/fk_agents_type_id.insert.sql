INSERT INTO agent_types (id, category_id, type_name, description)
SELECT
    -1 AS id,
    min(c.id) AS category_id,
    'unused' AS type_name,
    'Unused' AS description
FROM agent_categories AS c;
