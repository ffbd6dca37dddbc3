DROP DOMAIN semantic_version;
