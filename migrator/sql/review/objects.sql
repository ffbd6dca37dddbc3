-- Everything that a statement could make vanish or rename, with the table that it is part of.
WITH ours AS (
    SELECT n.oid
    FROM pg_namespace AS n
    WHERE n.nspname !~ '^(pg_|information_schema$)'
),

things (classid, objid, objsubid, table_oid) AS (
    SELECT
        'pg_class'::regclass,
        c.oid,
        0,
        coalesce(i.indrelid, c.oid)
    FROM pg_class AS c
    LEFT JOIN pg_index AS i ON c.oid = i.indexrelid
    WHERE
        c.relkind IN ('r', 'p', 'm', 'v', 'S', 'f', 'i', 'I')
        AND c.relnamespace IN (SELECT ours.oid FROM ours)
    UNION ALL
    SELECT
        'pg_class'::regclass,
        att.attrelid,
        att.attnum,
        rel.oid
    FROM pg_attribute AS att
    INNER JOIN pg_class AS rel ON att.attrelid = rel.oid
    WHERE
        att.attnum > 0
        AND NOT att.attisdropped
        AND rel.relkind IN ('r', 'p', 'm', 'v', 'f')
        AND rel.relnamespace IN (SELECT ours.oid FROM ours)
    UNION ALL
    SELECT
        'pg_constraint'::regclass,
        con.oid,
        0,
        con.conrelid
    FROM pg_constraint AS con
    WHERE con.connamespace IN (SELECT ours.oid FROM ours)
    UNION ALL
    SELECT
        'pg_attrdef'::regclass,
        def.oid,
        0,
        def.adrelid
    FROM pg_attrdef AS def
    UNION ALL
    SELECT
        'pg_trigger'::regclass,
        tri.oid,
        0,
        tri.tgrelid
    FROM pg_trigger AS tri
    WHERE NOT tri.tgisinternal
    UNION ALL
    SELECT
        'pg_policy'::regclass,
        pol.oid,
        0,
        pol.polrelid
    FROM pg_policy AS pol
    UNION ALL
    SELECT
        'pg_rewrite'::regclass,
        rul.oid,
        0,
        rul.ev_class
    FROM pg_rewrite AS rul
    WHERE
        rul.rulename <> '_RETURN'
        AND rul.oid >= 16384
    UNION ALL
    SELECT
        'pg_proc'::regclass,
        pro.oid,
        0,
        0
    FROM pg_proc AS pro
    WHERE pro.pronamespace IN (SELECT ours.oid FROM ours)
    UNION ALL
    SELECT
        'pg_type'::regclass,
        typ.oid,
        0,
        0
    FROM pg_type AS typ
    LEFT JOIN pg_class AS com ON typ.typrelid = com.oid
    WHERE
        typ.typnamespace IN (SELECT ours.oid FROM ours)
        AND (typ.typtype IN ('d', 'e', 'r') OR com.relkind = 'c')
    UNION ALL
    SELECT
        'pg_namespace'::regclass,
        ours.oid,
        0,
        0
    FROM ours
    UNION ALL
    SELECT
        'pg_statistic_ext'::regclass,
        sta.oid,
        0,
        sta.stxrelid
    FROM pg_statistic_ext AS sta
)

SELECT
    format('%s.%s.%s', things.classid::oid, things.objid, things.objsubid) AS key,
    CASE WHEN fun.oid IS NULL THEN named.type ELSE 'trigger function' END AS type,
    regexp_replace(named.identity, '\mpublic\.', '', 'g') AS name,
    coalesce(things.table_oid, 0) AS table_oid
FROM things
CROSS JOIN LATERAL pg_identify_object(things.classid, things.objid, things.objsubid) AS named
LEFT JOIN pg_proc AS fun
    ON
        things.objid = fun.oid
        AND things.classid = 'pg_proc'::regclass
        AND fun.prorettype IN ('trigger'::regtype, 'event_trigger'::regtype);
