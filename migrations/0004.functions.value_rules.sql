-- purpose: rules on values, for the checks of domains and tables
-- locks: none
-- reversible: yes
--
-- Each is one expression, bound when it is created: it means the same whatever search_path is, and
-- PostgreSQL inlines most. Regular expressions, here and in the files that follow, spell their
-- characters out: what \s, \w, \d and [:alpha:] stand for depends on the version and the locale.
-- Those that do more than look for one character are not tried on a value that is too long.
--
-- A CHECK looks at a row when it is written. A rule that gets stricter needs a new function and a
-- new constraint: replacing one of these would leave rows behind that nobody has checked.

CREATE FUNCTION not_blank(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN
left(value, 100)
~ '[^\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]'
OR value
~ '[^\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]';
COMMENT ON FUNCTION not_blank(text) IS
'Whether something is left after trimming every character with the Unicode property White_Space. '
'The beginning is tried first: matching a whole text takes four times its size in memory.';

CREATE FUNCTION no_control_characters(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value !~ '[\u0001-\u001f\u007f-\u009f]';
COMMENT ON FUNCTION no_control_characters(text) IS
'Whether there is no control character: C0 (line ends and tabs included), DEL or C1.';

CREATE FUNCTION is_slug(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN char_length(value) > 50 THEN FALSE
    ELSE value ~ '^[a-z][a-z0-9]*(_[a-z0-9]+)*$'
END;
COMMENT ON FUNCTION is_slug(text) IS
'Whether a name is in snake_case: 1 to 50 lower-case ASCII letters, digits and single inner '
'underscores, a letter first.';

CREATE FUNCTION is_array_of_strings(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN jsonb_typeof(value) = 'array'
AND NOT jsonb_path_exists(value, 'strict $[*] ? (@.type() != "string")');
COMMENT ON FUNCTION is_array_of_strings(jsonb) IS
'Whether a document is an array, empty or not, of strings alone. The path is strict: a lax one '
'looks into nested arrays, and finds only strings in [["a"]].';

CREATE FUNCTION has_distinct_elements(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT count(*) = count(DISTINCT e.element)
    FROM
        jsonb_array_elements(
            CASE jsonb_typeof($1)
                WHEN 'array' THEN $1
                ELSE '[]'::jsonb
            END
        ) AS e (element)
);
COMMENT ON FUNCTION has_distinct_elements(jsonb) IS
'Whether no element of an array is there twice; true of what is not an array, and of NULL.';

CREATE FUNCTION is_ipv4(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN char_length(value) > 15 THEN FALSE
    ELSE value || '.' ~ '^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){4}$'
END;
COMMENT ON FUNCTION is_ipv4(text) IS
'Whether a host is four decimal numbers from 0 to 255; a leading zero, which some read as octal, '
'is refused.';

CREATE FUNCTION is_ipv6(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT
        CASE
            WHEN char_length(a.address) > 45 THEN FALSE
            ELSE
                a.address ~ '^([0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}$'
                OR (
                    a.address ~ (
                        '^([0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4})*)?'
                        '::([0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4})*)?$'
                    )
                    AND a.address !~ '([0-9A-Fa-f]+:+){7}[0-9A-Fa-f]'
                )
        END
    FROM (
        SELECT
            CASE
                WHEN is_ipv4(split_part($1, ':', -1))
                    THEN regexp_replace($1, '[^:]+$', '0:0')
                ELSE $1
            END AS address
    ) AS a
);
COMMENT ON FUNCTION is_ipv6(text) IS
'Whether an address is eight groups of hexadecimal digits, or fewer with one "::" for the rest; '
'the last two groups may be an IPv4 address. No brackets, no zone.';

CREATE FUNCTION is_host(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN char_length(value) > 253 OR value ~ '[^.]{64}' THEN FALSE
    WHEN value LIKE '[%]' THEN is_ipv6(substr(value, 2, char_length(value) - 2))
    WHEN value ~ '^[0-9.]*$' THEN is_ipv4(value)
    ELSE value ~ '^([A-Za-z0-9]+(-+[A-Za-z0-9]+)*\.)*[A-Za-z][A-Za-z0-9]*(-+[A-Za-z0-9]+)*\.?$'
END;
COMMENT ON FUNCTION is_host(text) IS
'Whether a URL''s host is a name (labels of 1 to 63 ASCII letters, digits and inner hyphens, the '
'last one with a letter first, so that no number passes for one), an IPv4 address or an IPv6 '
'address in brackets.';

REVOKE EXECUTE ON FUNCTION
not_blank(text),
no_control_characters(text),
is_slug(text),
is_array_of_strings(jsonb),
has_distinct_elements(jsonb),
is_ipv4(text),
is_ipv6(text),
is_host(text)
FROM PUBLIC;
