-- Subscription tiers: what a plan costs and allows. NULL is unlimited.
-- Running it twice writes nothing the second time; a tier that an operator added stays.
INSERT INTO subscription_tiers (tier_name, monthly_credits, max_agents, monthly_price_cents)
SELECT
    s.tier_name,
    s.monthly_credits,
    s.max_agents,
    s.monthly_price_cents
FROM (
    VALUES
    ('free', 100, 2, 0),
    ('pro', 1000, 10, 2900),
    ('enterprise', 5000, 50, 9900),
    ('unlimited', NULL, NULL, 29900)
) AS s (tier_name, monthly_credits, max_agents, monthly_price_cents)
LEFT JOIN subscription_tiers AS t
    ON s.tier_name = t.tier_name
WHERE
    t.id IS NULL
    OR (
        t.monthly_credits, t.max_agents, t.monthly_price_cents
    ) IS DISTINCT FROM (
        s.monthly_credits, s.max_agents, s.monthly_price_cents
    )
ON CONFLICT (tier_name) DO UPDATE
    SET
        monthly_credits = excluded.monthly_credits,
        max_agents = excluded.max_agents,
        monthly_price_cents = excluded.monthly_price_cents;
