-- Agent categories, in the order in which the marketplace shows them; steps of ten leave room.
-- Running it twice writes nothing the second time; a category that an operator added stays.
-- is_active is the operators': a category that they hid must not come back with the next
-- deployment. A new row starts with the column's default.
INSERT INTO agent_categories (category_name, sort_order, description)
SELECT
    s.category_name,
    s.sort_order,
    s.description
FROM (
    VALUES
    ('marketing', 10, 'Plan, run and improve campaigns.'),
    ('content', 20, 'Write, rewrite and translate texts.'),
    ('design', 30, 'Make and edit images and brand material.'),
    ('analytics', 40, 'Turn data and traffic into findings.'),
    ('development', 50, 'Write code, interfaces and tests.'),
    ('social_media', 60, 'Keep social networks active and find reach there.'),
    ('customer_service', 70, 'Answer customers and learn from what they say.'),
    ('research', 80, 'Watch markets, trends and competitors.'),
    ('productivity', 90, 'Take routine work off a team.'),
    ('e_commerce', 100, 'Present, price and stock what a shop sells.')
) AS s (category_name, sort_order, description)
LEFT JOIN agent_categories AS t
    ON s.category_name = t.category_name
WHERE
    t.id IS NULL
    OR (t.sort_order, t.description) IS DISTINCT FROM (s.sort_order, s.description)
ON CONFLICT (category_name) DO UPDATE
    SET
        sort_order = excluded.sort_order,
        description = excluded.description;
