CREATE FUNCTION %(function)s() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, %(schema)s, pg_temp
AS $$
BEGIN
    IF tg_op = 'INSERT' THEN
        new.%(new)s := coalesce(new.%(new)s, new.%(old)s);
        new.%(old)s := new.%(new)s;
    ELSIF new.%(new)s IS DISTINCT FROM old.%(new)s THEN
        new.%(old)s := new.%(new)s;
    ELSE
        new.%(new)s := new.%(old)s;
    END IF;
    RETURN new;
END
$$
