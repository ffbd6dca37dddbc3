-- purpose: the domain of identifiers
-- locks: none
-- reversible: yes

CREATE DOMAIN valid_uuid AS uuid
CONSTRAINT ck_valid_uuid_not_nil CHECK (value <> '00000000-0000-0000-0000-000000000000');
COMMENT ON DOMAIN valid_uuid IS
'Any UUID but the nil one, which a client sends when it forgot to set its own. Of any version: '
'new_id() gives the default, a client may bring another.';

REVOKE USAGE ON DOMAIN valid_uuid FROM PUBLIC;
