DROP FUNCTION playground_search_text(bigint, text, timestamptz, uuid, integer);
