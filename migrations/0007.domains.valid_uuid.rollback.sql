DROP DOMAIN valid_uuid;
