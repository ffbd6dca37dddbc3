-- AI providers and the public base URLs of their APIs.
-- Running it twice writes nothing the second time; a provider that an operator added stays.
-- is_active is the operators': a provider that they turned off in an incident must not come back
-- with the next deployment. A new row starts with the column's default.
INSERT INTO ai_providers (provider_name, display_name, api_base_url)
SELECT
    s.provider_name,
    s.display_name,
    s.api_base_url
FROM (
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
LEFT JOIN ai_providers AS t
    ON s.provider_name = t.provider_name
WHERE
    t.id IS NULL
    OR (t.display_name, t.api_base_url) IS DISTINCT FROM (s.display_name, s.api_base_url)
ON CONFLICT (provider_name) DO UPDATE
    SET
        display_name = excluded.display_name,
        api_base_url = excluded.api_base_url;
