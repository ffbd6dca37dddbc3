-- What a database is, but for its history: each thing by name and definition, never by oid.
-- Of a table's rows, the query that gives their number and a sum of hashes.
WITH
spaces AS (
    SELECT
        n.oid,
        n.nspname
    FROM pg_namespace AS n
    WHERE
        n.nspname NOT LIKE 'pg\_%'
        AND n.nspname NOT IN ('information_schema', 'yoyo')
),

members AS (
    SELECT
        d.classid,
        d.objid
    FROM pg_depend AS d
    WHERE d.deptype = 'e'
),

relations AS (
    SELECT
        r.*,
        format('%I.%I', s.nspname, r.relname) AS name
    FROM pg_class AS r
    INNER JOIN spaces AS s ON r.relnamespace = s.oid
    WHERE NOT EXISTS (
        SELECT FROM members AS m
        WHERE m.classid = 'pg_class'::regclass AND m.objid = r.oid
    )
),

types AS (
    SELECT
        t.*,
        format('%I.%I', s.nspname, t.typname) AS name
    FROM pg_type AS t
    INNER JOIN spaces AS s ON t.typnamespace = s.oid
    WHERE
        t.typtype IN ('d', 'e', 'r')
        AND NOT EXISTS (
            SELECT FROM members AS m
            WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid
        )
),

table_columns AS (
    SELECT
        r.oid AS relation,
        r.name AS relation_name,
        r.relkind,
        a.*,
        pg_get_expr(d.adbin, d.adrelid) AS default_text
    FROM relations AS r
    INNER JOIN pg_attribute AS a ON r.oid = a.attrelid
    LEFT JOIN pg_attrdef AS d ON r.oid = d.adrelid AND a.attnum = d.adnum
    WHERE
        r.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
        AND a.attnum > 0
        AND NOT a.attisdropped
),

row_columns AS (
    -- What is the same in every database: no generated number, time or random value.
    SELECT c.*
    FROM table_columns AS c
    WHERE
        c.relkind = 'r'
        AND c.attidentity = ''
        AND coalesce(c.default_text, '')
        !~* '(now|clock_timestamp|new_id|uuid\w*)\(|current_timestamp'
),

parents AS (
    -- Columns that refer to a generated number, each with the query for the row that is meant.
    SELECT
        f.conrelid,
        f.conkey[1] AS attnum,
        format(
            '(SELECT ROW(%s)::text FROM %s AS p WHERE p.%I = t.',
            string_agg(format('p.%I', c.attname), ', ' ORDER BY c.attname),
            key.relation_name,
            key.attname
        ) AS query
    FROM pg_constraint AS f
    INNER JOIN table_columns AS key
        ON f.confrelid = key.relation AND f.confkey = ARRAY[key.attnum] AND key.attidentity <> ''
    INNER JOIN row_columns AS c ON f.confrelid = c.relation
    WHERE f.contype = 'f'
    GROUP BY f.oid, f.conrelid, f.conkey, key.relation_name, key.attname
),

compared AS (
    SELECT
        c.relation_name,
        string_agg(
            CASE
                WHEN p.query IS NULL THEN format('t.%I', c.attname)
                ELSE format('%s%I)', p.query, c.attname)
            END,
            ', ' ORDER BY c.attname
        ) AS expressions
    FROM row_columns AS c
    LEFT JOIN parents AS p ON c.relation = p.conrelid AND c.attnum = p.attnum
    GROUP BY c.relation_name
)

SELECT
    'schema' AS kind,
    s.nspname::text AS name,
    concat_ws(' | ', n.nspowner::regrole, n.nspacl) AS definition
FROM spaces AS s
INNER JOIN pg_namespace AS n ON s.oid = n.oid
UNION ALL
SELECT
    'relation' AS kind,
    r.name,
    concat_ws(
        ' | ', r.relkind, r.relpersistence, r.relowner::regrole, r.relacl, r.reloptions,
        r.relrowsecurity, CASE WHEN r.relkind IN ('v', 'm') THEN pg_get_viewdef(r.oid) END
    ) AS definition
FROM relations AS r
WHERE r.relkind NOT IN ('i', 'I')
UNION ALL
SELECT
    'column' AS kind,
    format('%s.%I', c.relation_name, c.attname) AS name,
    concat_ws(
        ' | ', format_type(c.atttypid, c.atttypmod), c.attnotnull, c.attidentity, c.attgenerated,
        c.default_text, c.attacl, c.attcollation::regcollation, c.attstorage
    ) AS definition
FROM table_columns AS c
UNION ALL
SELECT
    'constraint' AS kind,
    format('%s %I', coalesce(r.name, t.name), k.conname) AS name,
    concat_ws(' | ', pg_get_constraintdef(k.oid), k.convalidated) AS definition
FROM pg_constraint AS k
LEFT JOIN relations AS r ON k.conrelid = r.oid
LEFT JOIN types AS t ON k.contypid = t.oid
WHERE
    r.oid IS NOT NULL
    OR t.oid IS NOT NULL
UNION ALL
SELECT
    'index' AS kind,
    r.name,
    concat_ws(
        ' | ', pg_get_indexdef(i.indexrelid),
        CASE WHEN i.indisvalid THEN 'valid' ELSE 'INVALID' END,
        i.indisready, i.indislive
    ) AS definition
FROM pg_index AS i
INNER JOIN relations AS r ON i.indexrelid = r.oid
UNION ALL
SELECT
    'sequence' AS kind,
    r.name,
    concat_ws(
        ' | ', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle
    ) AS definition
FROM pg_sequence AS s
INNER JOIN relations AS r ON s.seqrelid = r.oid
UNION ALL
SELECT
    'trigger' AS kind,
    format('%s %I', r.name, t.tgname) AS name,
    concat_ws(' | ', pg_get_triggerdef(t.oid), t.tgenabled) AS definition
FROM pg_trigger AS t
INNER JOIN relations AS r ON t.tgrelid = r.oid
WHERE NOT t.tgisinternal
UNION ALL
SELECT
    'function' AS kind,
    format('%I.%I(%s)', s.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS name,
    concat_ws(' | ', p.proowner::regrole, p.proacl, pg_get_functiondef(p.oid)) AS definition
FROM pg_proc AS p
INNER JOIN spaces AS s ON p.pronamespace = s.oid
WHERE
    p.prokind <> 'a'
    AND NOT EXISTS (
        SELECT FROM members AS m
        WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid
    )
UNION ALL
SELECT
    'type' AS kind,
    t.name,
    concat_ws(
        ' | ', t.typtype, t.typowner::regrole, t.typacl, format_type(t.typbasetype, t.typtypmod),
        t.typnotnull, t.typdefault,
        (
            SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder)
            FROM pg_enum AS e
            WHERE e.enumtypid = t.oid
        )
    ) AS definition
FROM types AS t
UNION ALL
SELECT
    'statistics' AS kind,
    format('%I.%I', s.nspname, e.stxname) AS name,
    pg_get_statisticsobjdef(e.oid) AS definition
FROM pg_statistic_ext AS e
INNER JOIN spaces AS s ON e.stxnamespace = s.oid
UNION ALL
SELECT
    'policy' AS kind,
    format('%s %I', r.name, p.polname) AS name,
    concat_ws(
        ' | ', p.polcmd, p.polpermissive, pg_get_expr(p.polqual, r.oid),
        pg_get_expr(p.polwithcheck, r.oid)
    ) AS definition
FROM pg_policy AS p
INNER JOIN relations AS r ON p.polrelid = r.oid
UNION ALL
SELECT
    'extension' AS kind,
    e.extname::text AS name,
    concat_ws(' | ', e.extversion, e.extnamespace::regnamespace) AS definition
FROM pg_extension AS e
UNION ALL
SELECT
    'comment' AS kind,
    concat_ws(' ', i.type, i.identity) AS name,
    d.description AS definition
FROM pg_description AS d
CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) AS i
LEFT JOIN pg_class AS of_history
    ON
        d.classoid = 'pg_class'::regclass AND d.objoid = of_history.oid
        AND of_history.relnamespace = to_regnamespace('yoyo')
WHERE
    d.objoid >= 16384  -- the first that is not PostgreSQL's own
    AND of_history.oid IS NULL
    AND i.identity <> 'yoyo'
UNION ALL
SELECT
    'rows' AS kind,
    c.relation_name AS name,
    format(
        'SELECT %L, %L, concat_ws('' | '', count(*), sum(hashtextextended(ROW(%s)::text, 0))) '
        'FROM %s AS t',
        'rows', c.relation_name, c.expressions, c.relation_name
    ) AS definition
FROM compared AS c;
