INSERT INTO subscription_tiers (id, tier_name, monthly_price_cents) VALUES (-1, 'unused', 0);
