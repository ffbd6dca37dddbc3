-- Subscription tiers: what a plan costs and allows. NULL is unlimited.
-- Running it twice writes nothing the second time; a tier that an operator added stays.
MERGE INTO subscription_tiers AS t
USING (
    VALUES
    ('free', 100, 2, 0),
    ('pro', 1000, 10, 2900),
    ('enterprise', 5000, 50, 9900),
    ('unlimited', NULL, NULL, 29900)
) AS s (tier_name, monthly_credits, max_agents, monthly_price_cents)
    ON t.tier_name = s.tier_name
WHEN MATCHED AND (
    t.monthly_credits, t.max_agents, t.monthly_price_cents
) IS DISTINCT FROM (
    s.monthly_credits, s.max_agents, s.monthly_price_cents
) THEN
    UPDATE SET
        monthly_credits = s.monthly_credits,
        max_agents = s.max_agents,
        monthly_price_cents = s.monthly_price_cents
WHEN NOT MATCHED THEN
    INSERT (tier_name, monthly_credits, max_agents, monthly_price_cents)
    VALUES (s.tier_name, s.monthly_credits, s.max_agents, s.monthly_price_cents);
