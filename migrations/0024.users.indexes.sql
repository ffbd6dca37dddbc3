-- purpose: users for the admin lists (newest, dormant, low on credits) and for their tier
-- locks: SHARE on users
-- reversible: yes
-- review:allow index-build on=users until=2030-12-31 because "born in this chain, still empty"
--
-- Not CONCURRENTLY: the table is born in this chain and is empty when its indexes are built.
-- squawk-ignore-file require-concurrent-index-creation

CREATE INDEX idx_users_newest ON users (created_at, id);
COMMENT ON INDEX idx_users_newest IS
'Serves the queries admin_newest_users and reporting_signups.';

CREATE INDEX idx_users_last_login ON users (last_login_at, id);
COMMENT ON INDEX idx_users_last_login IS 'Serves the query admin_inactive_users.';

CREATE INDEX idx_users_active_credit_balance ON users (credit_balance, id) WHERE is_active;
COMMENT ON INDEX idx_users_active_credit_balance IS 'Serves the query admin_low_credit_users.';

CREATE INDEX idx_users_subscription_tier_id ON users (subscription_tier_id);
COMMENT ON INDEX idx_users_subscription_tier_id IS
'Serves the reference fk_users_subscription_tier_id alone: a tier in use cannot be deleted.';
