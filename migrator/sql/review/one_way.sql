CREATE FUNCTION %(function)s() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, %(schema)s, pg_temp
AS $$
BEGIN
    new.%(new)s := (SELECT %(value)s FROM (SELECT new.*) AS %(alias)s);
    RETURN new;
END
$$
