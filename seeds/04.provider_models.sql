-- Provider models: what a call costs in credits, and which of the task types each serves.
-- Running it twice writes nothing the second time; a model that an operator added stays.
-- is_active is the operators': a model that they turned off, or its provider retired, must not come
-- back with the next deployment. A new row starts with the column's default.
INSERT INTO provider_models (provider, model_name, task_types, cost_per_credit)
SELECT
    s.provider,
    s.model_name,
    s.task_types,
    s.cost_per_credit
FROM (
    SELECT
        v.provider,
        v.model_name,
        v.cost_per_credit,
        to_jsonb(string_to_array(v.task_types, ' ')) AS task_types
    FROM (
        VALUES
        (
            'openai', 'gpt-4o', 5,
            'text_generation copywriting blog_writing social_media email_writing translation '
            'summarization code_generation data_analysis sentiment_analysis keyword_research '
            'competitor_analysis'
        ),
        (
            'openai', 'gpt-4o-mini', 1,
            'text_generation copywriting social_media email_writing translation summarization '
            'code_generation sentiment_analysis keyword_research'
        ),
        (
            'openai', 'gpt-3.5-turbo', 1,
            'text_generation social_media email_writing translation summarization '
            'sentiment_analysis'
        ),
        ('openai', 'dall-e-3', 8, 'image_generation logo_design product_images social_graphics'),
        ('openai', 'dall-e-2', 4, 'image_generation image_editing'),
        ('openai', 'tts-1', 3, 'voice_synthesis'),
        ('openai', 'whisper-1', 2, 'podcast_editing'),
        (
            'anthropic', 'claude-3-5-sonnet-20241022', 6,
            'text_generation copywriting blog_writing social_media email_writing translation '
            'summarization code_generation data_analysis sentiment_analysis keyword_research '
            'competitor_analysis'
        ),
        (
            'anthropic', 'claude-3-5-haiku-20241022', 2,
            'text_generation copywriting social_media email_writing translation summarization '
            'code_generation sentiment_analysis'
        ),
        (
            'anthropic', 'claude-3-opus-20240229', 10,
            'text_generation copywriting blog_writing translation summarization code_generation '
            'data_analysis competitor_analysis'
        ),
        (
            'google', 'gemini-pro', 3,
            'text_generation copywriting blog_writing social_media email_writing translation '
            'summarization code_generation data_analysis sentiment_analysis keyword_research'
        ),
        ('google', 'gemini-pro-vision', 4, 'text_generation summarization data_analysis'),
        (
            'google', 'gemini-flash', 1,
            'text_generation social_media email_writing translation summarization '
            'sentiment_analysis'
        ),
        (
            'mistral', 'mistral-large-latest', 4,
            'text_generation copywriting blog_writing email_writing translation summarization '
            'code_generation data_analysis sentiment_analysis'
        ),
        (
            'mistral', 'mistral-medium-latest', 2,
            'text_generation copywriting social_media email_writing translation summarization'
        ),
        (
            'mistral', 'mistral-small-latest', 1,
            'text_generation social_media translation summarization sentiment_analysis'
        ),
        (
            'stability', 'stable-diffusion-xl', 6,
            'image_generation image_editing product_images social_graphics'
        ),
        (
            'stability', 'stable-diffusion-3', 8,
            'image_generation image_editing logo_design product_images social_graphics'
        ),
        ('elevenlabs', 'eleven-multilingual-v2', 4, 'voice_synthesis'),
        ('elevenlabs', 'eleven-turbo-v2', 2, 'voice_synthesis'),
        ('replicate', 'music-gen', 12, 'music_generation'),
        ('replicate', 'runway-ml', 20, 'video_generation video_editing animation')
    ) AS v (provider, model_name, cost_per_credit, task_types)
) AS s
LEFT JOIN provider_models AS t
    ON s.provider = t.provider AND s.model_name = t.model_name
WHERE
    t.id IS NULL
    OR (t.task_types, t.cost_per_credit) IS DISTINCT FROM (s.task_types, s.cost_per_credit)
ON CONFLICT (provider, model_name) DO UPDATE
    SET
        task_types = excluded.task_types,
        cost_per_credit = excluded.cost_per_credit;
