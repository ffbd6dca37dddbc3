DROP FUNCTION is_host(text);
DROP FUNCTION is_ipv6(text);
DROP FUNCTION is_ipv4(text);
DROP FUNCTION has_distinct_elements(jsonb);
DROP FUNCTION is_array_of_strings(jsonb);
DROP FUNCTION is_slug(text);
DROP FUNCTION no_control_characters(text);
DROP FUNCTION not_blank(text);
