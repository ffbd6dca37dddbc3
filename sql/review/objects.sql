-- Everything that a statement could make vanish or rename, with the table that it is part of.
SELECT
    format('%s.%s.%s', o.classid::oid, o.objid, o.objsubid) AS key,
    CASE WHEN p.oid IS NULL THEN d.type ELSE 'trigger function' END AS type,
    regexp_replace(d.identity, '\mpublic\.', '', 'g') AS name,
    coalesce(o.table_oid, 0) AS table_oid
FROM (
    SELECT 'pg_class'::regclass AS classid, c.oid AS objid, 0 AS objsubid, coalesce(i.indrelid, c.oid) AS table_oid
    FROM pg_class AS c
    LEFT JOIN pg_index AS i ON c.oid = i.indexrelid
    WHERE
        c.relkind IN ('r', 'p', 'm', 'v', 'S', 'f', 'i', 'I')
        AND c.relnamespace IN (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname !~ '^(pg_|information_schema$)')
    UNION ALL
    SELECT 'pg_class'::regclass, a.attrelid, a.attnum, a.attrelid
    FROM pg_attribute AS a
    INNER JOIN pg_class AS c ON a.attrelid = c.oid
    WHERE
        a.attnum > 0
        AND NOT a.attisdropped
        AND c.relkind IN ('r', 'p', 'm', 'v', 'f')
        AND c.relnamespace IN (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname !~ '^(pg_|information_schema$)')
    UNION ALL
    SELECT 'pg_constraint'::regclass, k.oid, 0, k.conrelid
    FROM pg_constraint AS k
    WHERE k.connamespace IN (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname !~ '^(pg_|information_schema$)')
    UNION ALL
    SELECT 'pg_attrdef'::regclass, d.oid, 0, d.adrelid
    FROM pg_attrdef AS d
    UNION ALL
    SELECT 'pg_trigger'::regclass, t.oid, 0, t.tgrelid
    FROM pg_trigger AS t
    WHERE NOT t.tgisinternal
    UNION ALL
    SELECT 'pg_policy'::regclass, p.oid, 0, p.polrelid
    FROM pg_policy AS p
    UNION ALL
    SELECT 'pg_rewrite'::regclass, r.oid, 0, r.ev_class
    FROM pg_rewrite AS r
    WHERE
        r.rulename <> '_RETURN'
        AND r.oid >= 16384
    UNION ALL
    SELECT 'pg_proc'::regclass, p.oid, 0, 0
    FROM pg_proc AS p
    WHERE p.pronamespace IN (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname !~ '^(pg_|information_schema$)')
    UNION ALL
    SELECT 'pg_type'::regclass, t.oid, 0, 0
    FROM pg_type AS t
    LEFT JOIN pg_class AS c ON t.typrelid = c.oid
    WHERE
        t.typnamespace IN (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname !~ '^(pg_|information_schema$)')
        AND (t.typtype IN ('d', 'e', 'r') OR c.relkind = 'c')
    UNION ALL
    SELECT 'pg_namespace'::regclass, n.oid, 0, 0
    FROM pg_namespace AS n
    WHERE n.nspname !~ '^(pg_|information_schema$)'
    UNION ALL
    SELECT 'pg_statistic_ext'::regclass, s.oid, 0, s.stxrelid
    FROM pg_statistic_ext AS s
) AS o
CROSS JOIN LATERAL pg_identify_object(o.classid, o.objid, o.objsubid) AS d
LEFT JOIN pg_proc AS p
    ON
        o.objid = p.oid
        AND o.classid = 'pg_proc'::regclass
        AND p.prorettype IN ('trigger'::regtype, 'event_trigger'::regtype);
