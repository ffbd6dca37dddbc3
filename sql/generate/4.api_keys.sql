-- API keys: two for a user on average, at most one for each provider and one more, older, unused.
INSERT INTO api_keys (
    id, user_id, provider_id, key_name, encrypted_key, key_hash, is_active, is_default,
    expires_at, last_used_at, last_validated_at, validation_status, created_at, updated_at
)
SELECT
    pg_temp.id_at(k.created_at, k.number, 4),
    k.user_id,
    k.provider_id,
    'key ' || k.provider_name,
    'v1:' || md5(k.number::text) || md5('key ' || k.number::text),
    encode(sha256(convert_to(k.number::text, 'UTF8')), 'hex'),
    pg_temp.draw(k.number, 51) < 0.85,
    pg_temp.draw(k.number, 51) < 0.75,
    CASE
        WHEN pg_temp.draw(k.number, 52) < 0.3
            THEN k.created_at + interval '1 day' + pg_temp.draw(k.number, 53) * interval '900 days'
    END,
    k.last_used_at,
    CASE WHEN pg_temp.draw(k.number, 54) < 0.9 THEN k.last_used_at END,
    CASE
        WHEN pg_temp.draw(k.number, 54) < 0.8 THEN 'valid'
        WHEN pg_temp.draw(k.number, 54) < 0.9 THEN 'rate_limited'
    END,
    k.created_at,
    k.last_used_at
FROM (
    SELECT
        owned.*,
        pg_temp.generated_until()
        - (pg_temp.generated_until() - owned.created_at)
        * pg_temp.draw(owned.number, 55) ^ 3 AS last_used_at
    FROM (
        SELECT
            u.id * 8 + p.number AS number,
            u.id AS user_id,
            p.id AS provider_id,
            p.provider_name,
            pg_temp.signed_up_at(u.id)
            + (pg_temp.generated_until() - pg_temp.signed_up_at(u.id))
            * pg_temp.draw(u.id * 8 + p.number, 56) AS created_at
        FROM generate_series(1, pg_temp.generated_users()) AS u (id)
        CROSS JOIN (
            SELECT
                ap.id,
                ap.provider_name,
                row_number() OVER (ORDER BY ap.provider_name) AS number
            FROM ai_providers AS ap
        ) AS p
        WHERE pg_temp.draw(u.id * 8 + p.number, 57) < 0.25
    ) AS owned
) AS k
ORDER BY k.created_at, k.number;
