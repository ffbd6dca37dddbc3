-- Numbers come from identity columns, not from serial: a serial's sequence has privileges of its
-- own, and its default can be dropped or copied to another table unnoticed.
SELECT
    f.adrelid::regclass::text AS table_name,
    a.attname AS column_name
FROM pg_attrdef AS f
INNER JOIN pg_attribute AS a ON f.adrelid = a.attrelid AND f.adnum = a.attnum
INNER JOIN pg_class AS r ON f.adrelid = r.oid
WHERE
    r.relnamespace = 'public'::regnamespace
    AND pg_get_expr(f.adbin, f.adrelid) LIKE 'nextval(%';
