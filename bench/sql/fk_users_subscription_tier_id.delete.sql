-- The row that fk_users_subscription_tier_id.insert.sql has made: nothing refers to it.
DELETE FROM subscription_tiers
WHERE id = -1;
