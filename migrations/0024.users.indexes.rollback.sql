DROP INDEX idx_users_subscription_tier_id;
DROP INDEX idx_users_active_credit_balance;
DROP INDEX idx_users_last_login;
DROP INDEX idx_users_newest;
