-- Task types: what a user can ask of a model, and its usual cost in credits.
-- Running it twice writes nothing the second time; a type that an operator added stays.
INSERT INTO task_types (type_name, category, default_credit_cost, description)
SELECT
    s.type_name,
    s.category,
    s.default_credit_cost,
    s.description
FROM (
    VALUES
    ('text_generation', 'content', 1, 'Free-form text from a prompt.'),
    ('copywriting', 'marketing', 2, 'Persuasive copy for advertisements, pages and offers.'),
    ('blog_writing', 'content', 3, 'A structured blog article with headings, ready for review.'),
    ('social_media', 'marketing', 1, 'A post in the length and tone of one social network.'),
    ('email_writing', 'marketing', 2, 'A marketing or transactional e-mail with its subject line.'),
    ('translation', 'content', 1, 'A text in another language, its tone kept.'),
    ('summarization', 'content', 1, 'The main points of a longer text.'),
    ('code_generation', 'development', 2, 'Source code from a description, or changes to code.'),
    ('image_generation', 'visual', 5, 'A new image from a description.'),
    ('image_editing', 'visual', 3, 'Retouching, extending or replacing parts of an image.'),
    ('logo_design', 'design', 8, 'Logo proposals from a brand''s name, values and colours.'),
    ('product_images', 'marketing', 6, 'Photographs of a product in new settings.'),
    ('social_graphics', 'marketing', 4, 'Banners, covers and stories in each network''s format.'),
    ('voice_synthesis', 'audio', 4, 'Spoken audio from a text, in a chosen voice.'),
    ('music_generation', 'audio', 10, 'Original music from a mood, a genre and a length.'),
    ('podcast_editing', 'audio', 6, 'A transcript, chapters and cuts of a recorded episode.'),
    ('video_generation', 'video', 15, 'A short video clip from a description or an image.'),
    ('video_editing', 'video', 10, 'Changes to a clip: style, background, captions.'),
    ('animation', 'video', 20, 'An animated sequence from still images or a storyboard.'),
    ('data_analysis', 'analytics', 5, 'Findings and charts from a table of the user''s own data.'),
    ('sentiment_analysis', 'analytics', 2, 'The mood of reviews, comments or messages.'),
    ('keyword_research', 'marketing', 3, 'Search terms worth ranking for, grouped by intent.'),
    ('competitor_analysis', 'analytics', 8, 'A comparison of competitors'' offers and messages.')
) AS s (type_name, category, default_credit_cost, description)
LEFT JOIN task_types AS t
    ON s.type_name = t.type_name
WHERE
    t.id IS NULL
    OR (
        t.category, t.default_credit_cost, t.description
    ) IS DISTINCT FROM (
        s.category, s.default_credit_cost, s.description
    )
ON CONFLICT (type_name) DO UPDATE
    SET
        category = excluded.category,
        default_credit_cost = excluded.default_credit_cost,
        description = excluded.description;
