DROP DOMAIN valid_email;
