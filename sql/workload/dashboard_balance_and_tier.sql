-- group: dashboard
-- budget_ms: 50
-- index: pk_users
-- params: user_id bigint
SELECT
    u.credit_balance,
    st.tier_name,
    st.monthly_credits,
    st.max_agents
FROM users AS u
LEFT JOIN subscription_tiers AS st ON u.subscription_tier_id = st.id
WHERE u.id = $1;
