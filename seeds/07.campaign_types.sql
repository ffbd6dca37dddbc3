-- Campaign types, with the channels that each usually runs on and for how many days.
-- Running it twice writes nothing the second time; a type that an operator added stays.
INSERT INTO campaign_types (type_name, estimated_duration_days, default_channels, description)
SELECT
    s.type_name,
    s.estimated_duration_days,
    s.default_channels,
    s.description
FROM (
    SELECT
        v.type_name,
        v.estimated_duration_days,
        to_jsonb(string_to_array(v.default_channels, ' ')) AS default_channels,
        v.description
    FROM (
        VALUES
        (
            'brand_awareness', 30, 'instagram facebook youtube display_ads',
            'Makes a brand known to people who have not met it yet.'
        ),
        (
            'lead_generation', 45, 'landing_page search_ads linkedin email',
            'Collects contacts who want to hear more.'
        ),
        (
            'product_launch', 60, 'email landing_page instagram youtube press',
            'Brings a new product to market, from teaser to first sales.'
        ),
        (
            'customer_retention', 90, 'email whatsapp push',
            'Keeps customers coming back.'
        ),
        (
            'sales_promotion', 14, 'email whatsapp instagram search_ads',
            'Sells more for a short time by a discount or an offer.'
        ),
        (
            'content_marketing', 90, 'blog email linkedin youtube',
            'Earns attention with articles, guides and videos worth having.'
        ),
        (
            'event_promotion', 30, 'email linkedin facebook landing_page',
            'Fills an event, on site or online.'
        ),
        (
            'social_media', 30, 'instagram facebook tiktok linkedin',
            'Builds reach and conversation on social networks.'
        ),
        (
            'email_nurturing', 60, 'email',
            'Leads contacts to a purchase by a sequence of e-mails.'
        ),
        (
            'influencer_marketing', 45, 'instagram tiktok youtube',
            'Reaches an audience through people it follows.'
        ),
        (
            'seo_content', 120, 'blog website',
            'Wins visitors from search engines with pages that answer their questions.'
        ),
        (
            'holiday_seasonal', 21, 'email instagram facebook search_ads',
            'Sells around a holiday or a season.'
        ),
        (
            'crisis_management', 7, 'website email press instagram facebook',
            'Answers fast and with one voice when a brand is under fire.'
        ),
        (
            'customer_feedback', 30, 'email whatsapp website',
            'Asks customers what they think, by surveys and reviews.'
        ),
        (
            'rebranding', 90, 'website email press instagram linkedin',
            'Introduces a new name, look or message to those who know the old one.'
        )
    ) AS v (type_name, estimated_duration_days, default_channels, description)
) AS s
LEFT JOIN campaign_types AS t
    ON s.type_name = t.type_name
WHERE
    t.id IS NULL
    OR (
        t.estimated_duration_days, t.default_channels, t.description
    ) IS DISTINCT FROM (
        s.estimated_duration_days, s.default_channels, s.description
    )
ON CONFLICT (type_name) DO UPDATE
    SET
        estimated_duration_days = excluded.estimated_duration_days,
        default_channels = excluded.default_channels,
        description = excluded.description;
