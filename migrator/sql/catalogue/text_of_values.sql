-- Values have one text, whatever the database, the role and the client's environment say.
SET search_path TO public;
SET datestyle TO iso;
SET intervalstyle TO postgres;
SET timezone TO 'UTC';
SET bytea_output TO hex;
SET extra_float_digits TO 1;
SET lc_monetary TO 'C';
SET xmlbinary TO base64;
