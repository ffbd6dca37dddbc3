DROP DOMAIN valid_url;
