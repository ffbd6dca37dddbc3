INSERT INTO agent_categories (id, category_name, description) VALUES (-1, 'unused', 'Unused');
