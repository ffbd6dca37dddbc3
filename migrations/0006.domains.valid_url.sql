-- purpose: the domain of web addresses
-- locks: none
-- reversible: yes

CREATE DOMAIN valid_url AS text
CONSTRAINT ck_valid_url_length CHECK (char_length(value) <= 2048)
-- Whatever is too long is for the length's rule alone to refuse; what is not of the form has no host
-- and no port, for theirs.
CONSTRAINT ck_valid_url_form CHECK (
    CASE
        WHEN char_length(value) > 2048 THEN TRUE
        ELSE
            value ~ (
                '^[Hh][Tt][Tt][Pp][Ss]?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?([/?#]'
                '[^\u0001-\u0020\u005c\u007f-\u00a0'
                '\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*)?$'
            )
    END
)
CONSTRAINT ck_valid_url_host CHECK (
    CASE
        WHEN char_length(value) > 2048 THEN TRUE
        ELSE is_host(substring(value, '//([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?:[:/?#]|$)'))
    END
)
CONSTRAINT ck_valid_url_port CHECK (
    CASE
        WHEN char_length(value) > 2048 THEN TRUE
        ELSE
            substring(value, '//(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):([0-9]+)(?:[/?#]|$)')
            ~ (
                '^([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}'
                '|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$'
            )
    END
);
COMMENT ON DOMAIN valid_url IS
'An absolute http or https URL: https://cdn.example.com:8443/a.png?v=2. No user information, which '
'would store a password or hide the real host; no back-slash, white space or control character, '
'which browsers and servers read differently.';
COMMENT ON CONSTRAINT ck_valid_url_length ON DOMAIN valid_url IS
'What browsers, proxies and site maps agree on.';
COMMENT ON CONSTRAINT ck_valid_url_form ON DOMAIN valid_url IS
'Scheme, host, optional port, and nothing but a path, query or fragment after them.';
COMMENT ON CONSTRAINT ck_valid_url_host ON DOMAIN valid_url IS
'A name, an IPv4 address or a bracketed IPv6 address: is_host().';
COMMENT ON CONSTRAINT ck_valid_url_port ON DOMAIN valid_url IS
'If there is a port, it is from 1 to 65535, without leading zeros.';

REVOKE USAGE ON DOMAIN valid_url FROM PUBLIC;
