DROP TABLE agent_categories;
