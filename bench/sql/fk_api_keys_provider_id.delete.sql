-- The row that fk_api_keys_provider_id.insert.sql has made: nothing refers to it.
DELETE FROM ai_providers
WHERE id = -1;
