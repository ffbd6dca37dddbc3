-- Every constraint, index and trigger is named by the conventions, and none has a generated name:
-- errors quote it, migrations refer to it, and it must be the same in every database.
WITH key_columns AS (
    SELECT
        c.oid AS constraint_id,
        string_agg(a.attname, '_' ORDER BY k.ordinal) AS all_names,
        (array_agg(a.attname ORDER BY k.ordinal DESC))[1] AS last_name
    FROM pg_constraint AS c
    CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k (attnum, ordinal)
    INNER JOIN pg_attribute AS a ON c.conrelid = a.attrelid AND k.attnum = a.attnum
    GROUP BY c.oid
),

named AS (
    SELECT
        c.conname AS found,
        CASE c.contype
            WHEN 'p' THEN format('pk_%s', r.relname)
            WHEN 'u' THEN format('uq_%s_%s', r.relname, k.all_names)
            WHEN 'f' THEN format('fk_%s_(%s|%s)', r.relname, k.all_names, k.last_name)
            WHEN 'c' THEN format('ck_%s_.+', r.relname)
        END AS convention
    FROM pg_constraint AS c
    INNER JOIN pg_class AS r ON c.conrelid = r.oid
    LEFT JOIN key_columns AS k ON c.oid = k.constraint_id
    WHERE
        c.connamespace = 'public'::regnamespace
        AND c.contype IN ('p', 'u', 'f', 'c')
        AND c.conparentid = 0 -- what follows from a partitioned table's PostgreSQL names
    UNION ALL
    SELECT
        c.conname AS found,
        format('ck_%s_.+', d.typname) AS convention
    FROM pg_constraint AS c
    INNER JOIN pg_type AS d ON c.contypid = d.oid
    WHERE
        c.connamespace = 'public'::regnamespace
        AND c.contype = 'c'
    UNION ALL
    SELECT
        x.relname AS found,
        CASE
            WHEN i.indisunique THEN format('uq_%s_.+', r.relname)
            ELSE format('idx_%s_.+', r.relname)
        END AS convention
    FROM pg_index AS i
    INNER JOIN pg_class AS x ON i.indexrelid = x.oid
    INNER JOIN pg_class AS r ON i.indrelid = r.oid
    LEFT JOIN pg_constraint AS c ON x.oid = c.conindid AND r.oid = c.conrelid
    WHERE
        x.relnamespace = 'public'::regnamespace
        AND c.oid IS NULL
    UNION ALL
    SELECT
        g.tgname AS found,
        format('tr_%s_.+', r.relname) AS convention
    FROM pg_trigger AS g
    INNER JOIN pg_class AS r ON g.tgrelid = r.oid
    WHERE
        r.relnamespace = 'public'::regnamespace
        AND NOT g.tgisinternal
)

SELECT
    n.found,
    n.convention
FROM named AS n
WHERE n.found !~ format('^%s$', n.convention);
