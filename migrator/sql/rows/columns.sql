-- The columns of all tables.
SELECT
    a.attrelid::bigint AS relation,
    a.attname AS name,
    a.atttypid::bigint AS type,
    format_type(a.atttypid, a.atttypmod) AS type_name,
    a.attnotnull AS not_null,
    CASE a.attgenerated WHEN '' THEN pg_get_expr(d.adbin, d.adrelid) END AS "default",
    CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END AS generated
FROM pg_attribute AS a
INNER JOIN pg_class AS c ON a.attrelid = c.oid
LEFT JOIN pg_attrdef AS d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE
    c.relkind IN ('r', 'p')
    AND c.oid >= 16384
    AND a.attnum > 0
    AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum;
