-- Each table that holds rows, as the table whose rows those are, and as a dump's list calls it.
SELECT
    format(
        '%s%I', CASE rn.nspname WHEN 'public' THEN '' ELSE quote_ident(rn.nspname) || '.' END,
        r.relname
    ) AS root,
    format('%s %s', n.nspname, c.relname) AS name
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
INNER JOIN pg_class AS r ON r.oid = coalesce(pg_partition_root(c.oid)::oid, c.oid)
INNER JOIN pg_namespace AS rn ON r.relnamespace = rn.oid
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
    );
