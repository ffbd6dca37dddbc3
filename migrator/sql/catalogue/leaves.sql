-- Each table that holds rows of its own, with the table whose rows those are (the root of its
-- partitions, else itself), its name as SQL and as a dump's list have it, and the root's columns
-- without those that follow from others; those of them that have a default.
-- Left out: the history, and what an extension fills itself, which no dump holds.
SELECT
    format(
        '%s%I', CASE n.nspname WHEN 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END,
        c.relname
    ) AS title,
    format(
        '%s%I', CASE rn.nspname WHEN 'public' THEN '' ELSE quote_ident(rn.nspname) || '.' END,
        r.relname
    ) AS root,
    format('%I.%I', n.nspname, c.relname) AS name,
    format('%s %s', n.nspname, c.relname) AS listed,
    coalesce(a.columns, '{}') AS columns,
    coalesce(a.with_default, '{}') AS with_default
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
INNER JOIN pg_class AS r ON r.oid = coalesce(pg_partition_root(c.oid)::oid, c.oid)
INNER JOIN pg_namespace AS rn ON r.relnamespace = rn.oid
LEFT JOIN LATERAL (
    SELECT
        array_agg(quote_ident(p.attname) ORDER BY p.attnum) AS columns,
        array_agg(quote_ident(p.attname)) FILTER (
            WHERE p.atthasdef OR p.attidentity <> ''
        ) AS with_default
    FROM pg_attribute AS p
    WHERE
        p.attrelid = r.oid
        AND p.attnum > 0
        AND NOT p.attisdropped
        AND p.attgenerated = ''
) AS a ON TRUE
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
ORDER BY root, name;
