-- purpose: the domain of e-mail addresses
-- locks: none
-- reversible: yes

CREATE DOMAIN valid_email AS text
CONSTRAINT ck_valid_email_length CHECK (char_length(value) <= 254)
CONSTRAINT ck_valid_email_local_part_length CHECK (position('@' IN value) <= 65)
-- Whatever is too long is for the length's rule alone to refuse.
CONSTRAINT ck_valid_email_form CHECK (
    CASE
        WHEN char_length(value) > 254 THEN TRUE
        ELSE
            value ~ (
                '^[a-z0-9!#$%&''*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&''*+/=?^_`{|}~-]+)*'
                '@([a-z0-9]+(-+[a-z0-9]+)*\.)+([a-z]{2,}|xn--[a-z0-9]+(-+[a-z0-9]+)*)$'
            )
            AND split_part(value, '@', 2) !~ '[^.]{64}'
    END
);
COMMENT ON DOMAIN valid_email IS
'One e-mail address in ASCII: maria.silva+news@mail.example.com. In lower case, so that it is one '
'account however it was typed; no quoted local part, no address literal.';
COMMENT ON CONSTRAINT ck_valid_email_length ON DOMAIN valid_email IS
'What fits into the path of an SMTP envelope.';
COMMENT ON CONSTRAINT ck_valid_email_local_part_length ON DOMAIN valid_email IS
'At most 64 characters before the @.';
COMMENT ON CONSTRAINT ck_valid_email_form ON DOMAIN valid_email IS
'RFC 5322 atoms joined by dots; a host of at least two labels of 1 to 63 letters, digits and inner '
'hyphens, the last one of two letters or more, or an internationalised one: xn--p1ai.';

REVOKE USAGE ON DOMAIN valid_email FROM PUBLIC;
