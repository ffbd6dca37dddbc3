INSERT INTO ai_providers (id, provider_name, display_name, api_base_url)
VALUES (-1, 'unused', 'Unused', 'https://unused.example.com');
