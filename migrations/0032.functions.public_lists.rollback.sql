DROP FUNCTION admin_public_gallery(timestamptz, uuid, integer);
DROP FUNCTION agents_by_tag(text, numeric, uuid, integer);
DROP FUNCTION agents_search_by_name(text, text, uuid, integer);
DROP FUNCTION agents_marketplace_newest(timestamptz, uuid, integer);
DROP FUNCTION agents_marketplace_most_executed(integer, uuid, integer);
DROP FUNCTION agents_marketplace_by_type(integer, numeric, uuid, integer);
DROP FUNCTION agents_marketplace_by_category(integer, numeric, uuid, integer);
