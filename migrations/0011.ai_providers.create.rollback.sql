DROP TABLE ai_providers;
