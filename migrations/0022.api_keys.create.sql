-- purpose: users' own keys for the providers, encrypted
-- locks: SHARE ROW EXCLUSIVE on users, SHARE ROW EXCLUSIVE on ai_providers
-- reversible: lossy: every stored key
-- review:allow several-tables until=2030-12-31 because "born in this chain, still empty"

CREATE TABLE api_keys (
    id valid_uuid NOT NULL DEFAULT new_id(),
    user_id bigint NOT NULL,
    provider_id integer NOT NULL,
    key_name text NOT NULL,
    encrypted_key text NOT NULL,
    key_hash sha256_hash NOT NULL,
    permissions jsonb,
    usage_limits jsonb,
    usage_stats jsonb,
    is_active boolean NOT NULL DEFAULT TRUE,
    is_default boolean NOT NULL DEFAULT FALSE,
    expires_at timestamptz,
    last_used_at timestamptz,
    last_validated_at timestamptz,
    validation_status text,
    error_count integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT pk_api_keys PRIMARY KEY (id),
    CONSTRAINT uq_api_keys_user_id_provider_id_key_name UNIQUE (user_id, provider_id, key_name),
    CONSTRAINT uq_api_keys_user_id_key_hash UNIQUE (user_id, key_hash),
    CONSTRAINT fk_api_keys_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_api_keys_provider_id FOREIGN KEY (provider_id)
    REFERENCES ai_providers (id) ON DELETE RESTRICT,

    CONSTRAINT ck_api_keys_key_name_not_blank CHECK (not_blank(key_name)),
    CONSTRAINT ck_api_keys_key_name_length CHECK (char_length(key_name) <= 100),
    CONSTRAINT ck_api_keys_encrypted_key_not_blank CHECK (not_blank(encrypted_key)),
    CONSTRAINT ck_api_keys_encrypted_key_length CHECK (char_length(encrypted_key) <= 4096),
    CONSTRAINT ck_api_keys_encrypted_key_not_clear CHECK (
        CASE
            WHEN char_length(encrypted_key) > 4096 THEN TRUE
            ELSE
                encrypted_key COLLATE "C" !~* (
                    '^[\u0001-\u0020\u0022\u0027\u0060\u007f-\u00a0\u00ad\u1680\u180e\u2000-\u200f'
                    '\u2028-\u202f\u205f-\u2064\u3000\ufeff]*'
                    '(bearer |-----begin |sk[-_]|sess-|aiza|ya29\.|hf_|api_org_|r8_|xi-|xai-|gsk_'
                    '|csk-|pplx-|nvapi-|tgp_v1_|tvly-|pcsk_|lsv2_|akia|absk'
                    '|ghp_|github_pat_|glpat-)'
                )
        END
    ),
    CONSTRAINT ck_api_keys_permissions_object CHECK (jsonb_typeof(permissions) = 'object'),
    CONSTRAINT ck_api_keys_usage_limits_object CHECK (jsonb_typeof(usage_limits) = 'object'),
    CONSTRAINT ck_api_keys_usage_stats_object CHECK (jsonb_typeof(usage_stats) = 'object'),
    CONSTRAINT ck_api_keys_default_is_active CHECK (NOT is_default OR is_active),
    CONSTRAINT ck_api_keys_expires_after_created CHECK (expires_at > created_at),
    CONSTRAINT ck_api_keys_last_used_not_before_created CHECK (
        last_used_at >= created_at - interval '5 minutes'
    ),
    CONSTRAINT ck_api_keys_last_validated_not_before_created CHECK (
        last_validated_at >= created_at - interval '5 minutes'
    ),
    CONSTRAINT ck_api_keys_validation_status CHECK (
        validation_status IN ('valid', 'invalid', 'expired', 'rate_limited', 'unknown')
    ),
    CONSTRAINT ck_api_keys_error_count_not_negative CHECK (error_count >= 0),
    CONSTRAINT ck_api_keys_updated_not_before_created CHECK (updated_at >= created_at),
    CONSTRAINT ck_api_keys_times_finite CHECK (
        isfinite(expires_at)
        AND isfinite(last_used_at)
        AND isfinite(last_validated_at)
        AND isfinite(created_at)
        AND isfinite(updated_at)
    )
);

COMMENT ON TABLE api_keys IS 'Keys of users for external providers, encrypted.';
COMMENT ON COLUMN api_keys.id IS 'Time-ordered identifier.';
COMMENT ON COLUMN api_keys.user_id IS 'The owner.';
COMMENT ON COLUMN api_keys.provider_id IS 'Whose key it is.';
COMMENT ON COLUMN api_keys.key_name IS
'Name that the owner gave it; unique for the owner and provider.';
COMMENT ON COLUMN api_keys.encrypted_key IS
'The key, encrypted by the application; never the key itself.';
COMMENT ON COLUMN api_keys.key_hash IS
'Digest of the key, to recognise one that is stored already.';
COMMENT ON COLUMN api_keys.permissions IS 'What the key may be used for: an object.';
COMMENT ON COLUMN api_keys.usage_limits IS 'How much it may be used: an object.';
COMMENT ON COLUMN api_keys.usage_stats IS 'How much it has been used: an object.';
COMMENT ON COLUMN api_keys.is_active IS 'Whether tasks may use it.';
COMMENT ON COLUMN api_keys.is_default IS
'Whether tasks use it unless told otherwise; one for each owner and provider.';
COMMENT ON COLUMN api_keys.expires_at IS 'When the provider stops taking it; NULL is never.';
COMMENT ON COLUMN api_keys.last_used_at IS 'When it was last used.';
COMMENT ON COLUMN api_keys.last_validated_at IS 'When it was last tried out at the provider.';
COMMENT ON COLUMN api_keys.validation_status IS 'What came of that; NULL if it never was.';
COMMENT ON COLUMN api_keys.error_count IS 'Calls with it that failed.';
COMMENT ON COLUMN api_keys.created_at IS
'When the row was made; never later than the server''s clock. An event may lie up to 5 minutes '
'before it: clocks of clients differ.';
COMMENT ON COLUMN api_keys.updated_at IS 'When the row was last written; kept by a trigger.';
COMMENT ON CONSTRAINT ck_api_keys_encrypted_key_not_clear ON api_keys IS
'Refuses what starts as a provider''s clear key does, in any case, after white space, quotes and '
'invisible characters: it would mean that encryption was left out.';
COMMENT ON CONSTRAINT uq_api_keys_user_id_key_hash ON api_keys IS
'A user stores a key once; serves playground_key_by_hash and fk_api_keys_user_id.';

CREATE UNIQUE INDEX uq_api_keys_default ON api_keys (user_id, provider_id) WHERE is_default;
COMMENT ON INDEX uq_api_keys_default IS
'One default key for each user and provider; serves playground_default_key.';

CREATE TRIGGER tr_api_keys_row_times
BEFORE INSERT OR UPDATE ON api_keys
FOR EACH ROW EXECUTE FUNCTION row_times();
COMMENT ON TRIGGER tr_api_keys_row_times ON api_keys IS
'Keeps created_at and updated_at by the server''s clock.';
