DO $$
BEGIN
    IF EXISTS (SELECT FROM %(table)s AS t WHERE %(condition)s) THEN
        RAISE EXCEPTION %(message)s;
    END IF;
END
$$
