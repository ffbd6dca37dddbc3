-- Agent categories, in the order in which the marketplace shows them; steps of ten leave room.
-- Running it twice writes nothing the second time; a category that an operator added stays.
-- is_active is the operators': a category that they hid must not come back with the next
-- deployment. A new row starts with the column's default.
MERGE INTO agent_categories AS t
USING (
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
    ON t.category_name = s.category_name
WHEN MATCHED AND (
    t.sort_order, t.description
) IS DISTINCT FROM (
    s.sort_order, s.description
) THEN
    UPDATE SET
        sort_order = s.sort_order,
        description = s.description
WHEN NOT MATCHED THEN
    INSERT (category_name, sort_order, description)
    VALUES (s.category_name, s.sort_order, s.description);
