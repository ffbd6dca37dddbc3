-- What keeps what some functions returned, and computes it never again: indexes, CHECKs, stored
-- columns and the keys of partitions. A function may call another one. PostgreSQL records that of
-- bodies in BEGIN ATOMIC alone; in other texts, each name before a parenthesis counts as a call.
WITH RECURSIVE reached AS (
    SELECT
        f.function,
        'pg_proc'::regclass::oid AS class,
        f.function AS id
    FROM unnest(%(functions)s::oid[]) AS f (function)
    UNION
    SELECT
        r.function,
        n.class,
        n.id
    FROM reached AS r
    CROSS JOIN LATERAL (
        SELECT
            d.classid AS class,
            d.objid AS id
        FROM pg_depend AS d
        WHERE
            d.refclassid = r.class
            AND d.refobjid = r.id
            AND r.class IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_opclass'::regclass)
        UNION ALL
        SELECT
            'pg_opclass'::regclass,
            o.oid
        FROM pg_amproc AS p
        INNER JOIN pg_opclass AS o ON p.amprocfamily = o.opcfamily
        WHERE
            p.amproc = r.id
            AND r.class = 'pg_proc'::regclass
        UNION ALL
        SELECT
            'pg_proc'::regclass,
            c.oid
        FROM pg_proc AS c
        INNER JOIN pg_proc AS f ON c.prosrc ~ ('\m' || f.proname || '\s*\(')
        WHERE
            f.oid = r.id
            AND r.class = 'pg_proc'::regclass
            AND c.oid >= 16384
    ) AS n
)

SELECT
    r.class,
    r.id,
    coalesce(i.indrelid, k.conrelid, a.adrelid, c.oid) AS relation,
    format(
        '%%s keeps what function %%s returned before: it is not computed again',
        pg_describe_object(r.class, r.id, 0), r.function::regprocedure
    ) AS words
FROM reached AS r
LEFT JOIN pg_class AS c
    ON r.class = 'pg_class'::regclass AND r.id = c.oid AND c.relkind IN ('i', 'p')
LEFT JOIN pg_index AS i ON c.oid = i.indexrelid
LEFT JOIN pg_constraint AS k
    ON r.class = 'pg_constraint'::regclass AND r.id = k.oid AND k.contype IN ('c', 'x')
LEFT JOIN pg_attrdef AS a ON r.class = 'pg_attrdef'::regclass AND r.id = a.oid
LEFT JOIN pg_attribute AS g
    ON a.adrelid = g.attrelid AND a.adnum = g.attnum AND g.attgenerated = 's'
WHERE coalesce(c.oid, k.oid, g.attrelid) IS NOT NULL
ORDER BY r.class, r.id;
