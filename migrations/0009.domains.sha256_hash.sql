-- purpose: the domain of SHA-256 digests
-- locks: none
-- reversible: yes

CREATE DOMAIN sha256_hash AS text
CONSTRAINT ck_sha256_hash_form CHECK (
    CASE WHEN char_length(value) <> 64 THEN FALSE ELSE value ~ '^[0-9a-f]+$' END
);
COMMENT ON DOMAIN sha256_hash IS
'A SHA-256 digest as 64 lower-case hexadecimal digits, so that equal digests are equal texts.';

REVOKE USAGE ON DOMAIN sha256_hash FROM PUBLIC;
