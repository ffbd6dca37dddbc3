-- Agent types, each in its category (05.agent_categories.sql), with the configuration that a new
-- agent of the type starts from; NULL where there is nothing useful to suggest.
-- Running it twice writes nothing the second time; a type that an operator added stays.
-- LEFT JOIN: a category that is not there fails the NOT NULL of category_id; no row is left out.
INSERT INTO agent_types (type_name, category_id, description, default_config)
SELECT
    s.type_name,
    s.category_id,
    s.description,
    s.default_config
FROM (
    SELECT
        v.type_name,
        c.id AS category_id,
        v.description,
        v.default_config::jsonb AS default_config
    FROM (
        VALUES
        (
            'marketing', 'campaign_manager',
            'Plans a campaign over its channels and keeps it within its budget.',
            '{"report_every": "week", "warn_at_budget_percent": 80}'
        ),
        (
            'marketing', 'content_scheduler',
            'Places finished content in a calendar and publishes it on time.',
            '{"posts_per_week": 5, "quiet_hours": ["22:00", "07:00"]}'
        ),
        (
            'marketing', 'email_marketer',
            'Writes e-mail sequences and adjusts them to what was opened.',
            '{"tone": "friendly", "max_emails_per_week": 2}'
        ),
        (
            'marketing', 'ad_optimizer',
            'Compares variants of an advertisement and shifts budget to the best.',
            '{"variants": 3, "min_impressions": 1000}'
        ),
        (
            'content', 'blog_writer',
            'Writes articles from a topic and a list of keywords.',
            '{"tone": "informative", "words": 1200}'
        ),
        (
            'content', 'copywriter',
            'Writes headlines, offers and calls to action.',
            '{"tone": "persuasive", "variants": 3}'
        ),
        (
            'content', 'social_writer',
            'Turns one message into a post for each social network.',
            '{"tone": "conversational", "hashtags": 3}'
        ),
        (
            'content', 'translator',
            'Translates content and keeps a brand''s own terms.',
            '{"formality": "neutral", "keep_terms": []}'
        ),
        (
            'design', 'graphic_designer',
            'Makes banners, covers and illustrations in a brand''s style.',
            '{"variants": 2, "size": "1024x1024"}'
        ),
        (
            'design', 'logo_creator',
            'Proposes logos from a brand''s name, values and colours.',
            '{"variants": 4, "size": "1024x1024"}'
        ),
        (
            'design', 'image_editor',
            'Retouches, crops and replaces parts of images.',
            NULL
        ),
        (
            'analytics', 'data_analyst',
            'Answers questions about a table of data, with charts.',
            '{"charts": true, "max_rows": 100000}'
        ),
        (
            'analytics', 'seo_analyzer',
            'Examines pages for what search engines look for.',
            '{"max_pages": 50}'
        ),
        (
            'analytics', 'social_monitor',
            'Watches mentions of a brand and their mood.',
            '{"check_every_minutes": 60, "alert_on": "negative"}'
        ),
        (
            'development', 'code_generator',
            'Writes code from a description in a given language.',
            '{"language": "python", "comments": true}'
        ),
        (
            'development', 'api_builder',
            'Designs an HTTP interface and writes its description and handlers.',
            '{"style": "rest", "specification": "openapi"}'
        ),
        (
            'development', 'test_creator',
            'Writes tests for given code, edge cases first.',
            '{"language": "python", "framework": "pytest"}'
        ),
        (
            'social_media', 'social_manager',
            'Plans posts, answers comments and reports on reach.',
            '{"posts_per_week": 5, "answer_comments": false}'
        ),
        (
            'social_media', 'influencer_finder',
            'Finds people whose followers fit a brand''s audience.',
            '{"min_followers": 5000, "results": 20}'
        ),
        (
            'social_media', 'hashtag_optimizer',
            'Suggests hashtags by reach and competition.',
            '{"hashtags": 10}'
        ),
        (
            'customer_service', 'support_bot',
            'Answers customers from a knowledge base and hands over when unsure.',
            '{"tone": "helpful", "hand_over_below_confidence": 0.7}'
        ),
        (
            'customer_service', 'feedback_analyzer',
            'Groups reviews and survey answers by topic and mood.',
            NULL
        ),
        (
            'customer_service', 'ticket_router',
            'Sorts tickets by topic and urgency to the right team.',
            '{"default_priority": "medium"}'
        ),
        (
            'research', 'market_researcher',
            'Describes a market: its size, its segments, who buys and why.',
            '{"depth": "standard", "cite_sources": true}'
        ),
        (
            'research', 'trend_analyzer',
            'Tells lasting trends from short-lived ones in search and social data.',
            '{"period_days": 90}'
        ),
        (
            'research', 'competitor_tracker',
            'Watches competitors'' pages, prices and messages for changes.',
            '{"check_every_hours": 24}'
        ),
        (
            'productivity', 'task_manager',
            'Breaks goals into tasks and reminds of what is due.',
            NULL
        ),
        (
            'productivity', 'meeting_assistant',
            'Turns a recorded meeting into minutes and action items.',
            '{"action_items": true, "language": "auto"}'
        ),
        (
            'productivity', 'document_summarizer',
            'Reduces long documents to their main points.',
            '{"max_words": 300}'
        ),
        (
            'e_commerce', 'product_describer',
            'Writes product descriptions from features and photographs.',
            '{"tone": "clear", "words": 150}'
        ),
        (
            'e_commerce', 'price_optimizer',
            'Suggests prices from demand, costs and competitors.',
            '{"min_margin_percent": 10, "apply": false}'
        ),
        (
            'e_commerce', 'inventory_manager',
            'Foresees demand and says what to order when.',
            '{"horizon_days": 30, "safety_stock_days": 7}'
        ),
        (
            'e_commerce', 'review_responder',
            'Drafts answers to customers'' reviews for approval.',
            '{"tone": "grateful", "approve_first": true}'
        )
    ) AS v (category_name, type_name, description, default_config)
    LEFT JOIN agent_categories AS c ON v.category_name = c.category_name
) AS s
LEFT JOIN agent_types AS t
    ON s.type_name = t.type_name
WHERE
    t.id IS NULL
    OR (
        t.category_id, t.description, t.default_config
    ) IS DISTINCT FROM (
        s.category_id, s.description, s.default_config
    )
ON CONFLICT (type_name) DO UPDATE
    SET
        category_id = excluded.category_id,
        description = excluded.description,
        default_config = excluded.default_config;
