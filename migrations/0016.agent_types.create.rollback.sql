DROP TABLE agent_types;
