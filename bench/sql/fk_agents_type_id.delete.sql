-- The row that fk_agents_type_id.insert.sql has made: nothing refers to it.
DELETE FROM agent_types
WHERE id = -1;
