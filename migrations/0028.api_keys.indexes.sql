-- purpose: active keys that expire or wait for validation, and keys by provider
-- locks: SHARE on api_keys
-- reversible: yes
-- review:allow index-build on=api_keys until=2030-12-31 because "born in this chain, still empty"
--
-- Not CONCURRENTLY: the table is born in this chain and is empty when its indexes are built.
-- squawk-ignore-file require-concurrent-index-creation

CREATE INDEX idx_api_keys_active_expiry ON api_keys (expires_at, id)
WHERE is_active AND expires_at IS NOT NULL;
COMMENT ON INDEX idx_api_keys_active_expiry IS 'Serves the query worker_expiring_keys.';

CREATE INDEX idx_api_keys_active_least_validated ON api_keys (last_validated_at NULLS FIRST, id)
WHERE is_active;
COMMENT ON INDEX idx_api_keys_active_least_validated IS 'Serves the query worker_keys_to_validate.';

CREATE INDEX idx_api_keys_provider_id ON api_keys (provider_id);
COMMENT ON INDEX idx_api_keys_provider_id IS
'Serves the reference fk_api_keys_provider_id alone: a provider in use cannot be deleted.';
