-- AI providers and the public base URLs of their APIs.
-- Running it twice writes nothing the second time; a provider that an operator added stays.
-- is_active is the operators': a provider that they turned off in an incident must not come back
-- with the next deployment. A new row starts with the column's default.
MERGE INTO ai_providers AS t
USING (
    VALUES
    ('openai', 'OpenAI', 'https://api.openai.com/v1'),
    ('anthropic', 'Anthropic', 'https://api.anthropic.com/v1'),
    ('google', 'Google Gemini', 'https://generativelanguage.googleapis.com/v1beta'),
    ('mistral', 'Mistral AI', 'https://api.mistral.ai/v1'),
    ('huggingface', 'Hugging Face', 'https://router.huggingface.co/v1'),
    ('replicate', 'Replicate', 'https://api.replicate.com/v1'),
    ('stability', 'Stability AI', 'https://api.stability.ai'),
    ('elevenlabs', 'ElevenLabs', 'https://api.elevenlabs.io/v1')
) AS s (provider_name, display_name, api_base_url)
    ON t.provider_name = s.provider_name
WHEN MATCHED AND (
    t.display_name, t.api_base_url
) IS DISTINCT FROM (
    s.display_name, s.api_base_url
) THEN
    UPDATE SET
        display_name = s.display_name,
        api_base_url = s.api_base_url
WHEN NOT MATCHED THEN
    INSERT (provider_name, display_name, api_base_url)
    VALUES (s.provider_name, s.display_name, s.api_base_url);
