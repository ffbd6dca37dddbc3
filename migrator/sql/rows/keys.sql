-- What must be distinct: unique indexes, with or without a constraint, and exclusion constraints.
SELECT
    x.indrelid::bigint AS relation,
    x.indexrelid::regclass::text AS name,
    x.indnullsnotdistinct AS is_strict,
    NOT x.indimmediate AS is_deferrable,
    pg_get_expr(x.indpred, x.indrelid) AS predicate,
    (
        SELECT array_agg(pg_get_indexdef(x.indexrelid, n.place, FALSE) ORDER BY n.place)
        FROM generate_series(1, x.indnkeyatts) AS n (place)
    ) AS expressions,
    (
        SELECT coalesce(array_agg(o.oprname::text ORDER BY e.place), '{}')
        FROM pg_constraint AS k
        CROSS JOIN unnest(k.conexclop) WITH ORDINALITY AS e (operator_id, place)
        INNER JOIN pg_operator AS o ON e.operator_id = o.oid
        WHERE k.conindid = x.indexrelid
    ) AS operators,
    (
        SELECT coalesce(array_agg(a.attname::text), '{}')
        FROM pg_attribute AS a
        WHERE
            x.indrelid = a.attrelid
            AND (
                a.attnum = any((x.indkey::smallint[])[0:x.indnkeyatts - 1])
                -- One of an expression or of the predicate.
                OR EXISTS (
                    SELECT 1
                    FROM pg_depend AS d
                    WHERE
                        d.classid = 'pg_class'::regclass
                        AND x.indexrelid = d.objid
                        AND d.refclassid = 'pg_class'::regclass
                        AND x.indrelid = d.refobjid
                        AND a.attnum = d.refobjsubid
                        AND a.attnum <> all(x.indkey::smallint[])
                )
            )
    ) AS columns
FROM pg_index AS x
WHERE
    (x.indisunique OR x.indisexclusion)
    AND x.indexrelid >= 16384
ORDER BY x.indexrelid;
