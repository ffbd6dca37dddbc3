-- The types that columns may have, and what they are made of: a domain's base, an array's elements,
-- a range's bounds, a composite's attributes.
WITH attributes AS (
    SELECT
        a.attrelid,
        array_agg(a.atttypid::bigint ORDER BY a.attnum) AS types
    FROM pg_attribute AS a
    WHERE
        a.attnum > 0
        AND NOT a.attisdropped
    GROUP BY a.attrelid
)

SELECT
    t.oid::bigint AS type,
    t.typname AS base,
    t.typnotnull AS is_not_null,
    format_type(t.oid, NULL) AS name,
    format_type(t.typbasetype, t.typtypmod) AS plain,
    CASE WHEN t.typcategory = 'A' AND t.typtype = 'b' THEN 'a' ELSE t.typtype END AS kind,
    (
        SELECT coalesce(array_agg(e.enumlabel::text ORDER BY e.enumsortorder), '{}')
        FROM pg_enum AS e
        WHERE t.oid = e.enumtypid
    ) AS labels,
    CASE
        WHEN t.typtype = 'd' THEN ARRAY[t.typbasetype::bigint]
        WHEN t.typtype = 'r' THEN ARRAY[r.rngsubtype::bigint]
        WHEN t.typtype = 'm' THEN ARRAY[m.rngtypid::bigint]
        WHEN t.typtype = 'c' THEN x.types
        ELSE array_remove(ARRAY[t.typelem::bigint], 0)
    END AS parts
FROM pg_type AS t
LEFT JOIN pg_class AS c ON t.typrelid = c.oid
LEFT JOIN pg_range AS r ON t.oid = r.rngtypid
LEFT JOIN pg_range AS m ON t.oid = m.rngmultitypid
LEFT JOIN attributes AS x ON t.typrelid = x.attrelid
WHERE
    t.typtype <> 'p'
    AND coalesce(c.oid >= 16384, TRUE);
