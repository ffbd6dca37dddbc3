-- The CHECK constraints of tables and domains. The body of a function that one calls says more of
-- what it accepts than the constraint itself.
WITH RECURSIVE
called AS (
    SELECT
        d.objid AS constraint_id,
        d.refobjid AS function_id
    FROM pg_depend AS d
    WHERE
        d.classid = 'pg_constraint'::regclass
        AND d.refclassid = 'pg_proc'::regclass
        AND d.refobjid >= 16384
    UNION
    SELECT
        f.constraint_id,
        d.refobjid AS function_id
    FROM called AS f
    INNER JOIN pg_depend AS d ON f.function_id = d.objid
    WHERE
        d.classid = 'pg_proc'::regclass
        AND d.refclassid = 'pg_proc'::regclass
        AND d.refobjid >= 16384
),

bodies AS (
    SELECT
        f.constraint_id,
        string_agg(pg_get_functiondef(p.oid), ' ' ORDER BY p.oid) AS definitions
    FROM called AS f
    INNER JOIN pg_proc AS p ON f.function_id = p.oid
    INNER JOIN pg_language AS l ON p.prolang = l.oid
    WHERE
        p.prokind = 'f'
        AND l.lanname NOT IN ('c', 'internal')
    GROUP BY f.constraint_id
)

SELECT
    k.conrelid::bigint AS relation,
    k.contypid::bigint AS type,
    pg_get_expr(k.conbin, k.conrelid) AS text,
    coalesce(b.definitions, '') AS hints,
    (
        SELECT coalesce(array_agg(a.attname::text), '{}')
        FROM pg_attribute AS a
        WHERE
            k.conrelid = a.attrelid
            AND a.attnum = any(k.conkey)
    ) AS columns
FROM pg_constraint AS k
LEFT JOIN bodies AS b ON k.oid = b.constraint_id
WHERE
    k.contype = 'c'
    AND k.oid >= 16384
ORDER BY k.conname, k.oid;
