-- The row that fk_agents_category_id.insert.sql has made: nothing refers to it.
DELETE FROM agent_categories
WHERE id = -1;
