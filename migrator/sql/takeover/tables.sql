-- The tables that hold rows, as the catalogue calls them and as SQL does, with their columns that do
-- not follow from others, and those of them that have a default.
SELECT
    CASE n.nspname WHEN 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END
    || quote_ident(c.relname) AS title,
    format('%I.%I', n.nspname, c.relname) AS name,
    coalesce(
        array_agg(quote_ident(a.attname) ORDER BY a.attnum) FILTER (WHERE a.attnum IS NOT NULL),
        '{}'
    ) AS columns,
    coalesce(
        array_agg(quote_ident(a.attname)) FILTER (WHERE a.atthasdef OR a.attidentity <> ''), '{}'
    ) AS with_default
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
LEFT JOIN pg_attribute AS a
    ON
        c.oid = a.attrelid
        AND a.attnum > 0
        AND NOT a.attisdropped
        AND a.attgenerated = ''
WHERE
    c.relkind = 'r'
    AND n.nspname NOT LIKE 'pg\_%'
    AND n.nspname NOT IN ('information_schema', 'yoyo')
    AND NOT EXISTS (
        SELECT FROM pg_depend AS d
        WHERE
            d.classid = 'pg_class'::regclass
            AND d.objid = c.oid
            AND d.deptype = 'e'
    )
GROUP BY n.nspname, c.relname
ORDER BY title;
