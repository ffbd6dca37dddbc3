-- purpose: the domain of version numbers
-- locks: none
-- reversible: yes

CREATE DOMAIN semantic_version AS text
CONSTRAINT ck_semantic_version_length CHECK (char_length(value) <= 255)
-- Whatever is too long is for the length's rule alone to refuse.
CONSTRAINT ck_semantic_version_form CHECK (
    CASE
        WHEN char_length(value) > 255 THEN TRUE
        ELSE
            value ~ (
                '^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)'
                '(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)'
                '(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?'
                '(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$'
            )
    END
);
COMMENT ON DOMAIN semantic_version IS
'A version as Semantic Versioning 2.0.0 has it: 1.4.0, 2.0.0-rc.1, 1.0.0+build.5. It sorts as '
'text, not by precedence.';
COMMENT ON CONSTRAINT ck_semantic_version_form ON DOMAIN semantic_version IS
'Three numbers; pre-release parts after a hyphen, build parts after a plus. No number has a '
'leading zero, but in the build part.';

REVOKE USAGE ON DOMAIN semantic_version FROM PUBLIC;
