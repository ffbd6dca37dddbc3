-- In what a leader and its follower differ, but for keys and what follows from partitions; included by
-- swap.sql.
WITH tables AS (
    SELECT
        c.*,
        c.relnamespace::regnamespace::text AS place
    FROM pg_class AS c
    WHERE c.oid = ANY ((:'leaders'::regclass[] || :'followers'::regclass[]))
),

parts AS (
    SELECT
        t.place,
        t.relname AS table_name,
        'table' AS what,
        concat_ws(
            ', ', t.relrowsecurity, t.relforcerowsecurity, t.relowner::regrole,
            array(
                SELECT a.item::text
                FROM unnest(coalesce(t.relacl, acldefault('r', t.relowner))) AS a (item)
                ORDER BY a.item::text
            ),
            obj_description(t.oid, 'pg_class')
        ) AS words
    FROM tables AS t
    UNION ALL
    SELECT
        t.place,
        t.relname,
        'column ' || a.attname,
        concat_ws(
            ', ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated,
            pg_get_expr(f.adbin, f.adrelid), a.attstorage, a.attcompression,
            array(SELECT g.item::text FROM unnest(a.attacl) AS g (item) ORDER BY g.item::text),
            col_description(t.oid, a.attnum)
        )
    FROM tables AS t
    INNER JOIN pg_attribute AS a ON t.oid = a.attrelid
    LEFT JOIN pg_attrdef AS f ON a.attrelid = f.adrelid AND a.attnum = f.adnum
    WHERE
        a.attnum > 0
        AND NOT a.attisdropped
    UNION ALL
    SELECT
        t.place,
        t.relname,
        'constraint ' || k.conname,
        concat_ws(', ', pg_get_constraintdef(k.oid), obj_description(k.oid, 'pg_constraint'))
    FROM tables AS t
    INNER JOIN pg_constraint AS k ON t.oid = k.conrelid
    WHERE
        k.contype IN ('c', 'f', 'x')
        AND k.conparentid = 0
    UNION ALL
    SELECT
        t.place,
        t.relname,
        'index ' || x.relname,
        concat_ws(', ', pg_get_indexdef(x.oid), obj_description(x.oid, 'pg_class'))
    FROM tables AS t
    INNER JOIN pg_index AS i ON t.oid = i.indrelid
    INNER JOIN pg_class AS x ON i.indexrelid = x.oid
    WHERE x.relname NOT IN (
        'pk_tasks', 'uq_tasks_user_id_id', 'pk_generated_content', 'uq_generated_content_task_id'
    )
    UNION ALL
    SELECT
        t.place,
        t.relname,
        'trigger ' || g.tgname,
        concat_ws(', ', pg_get_triggerdef(g.oid), obj_description(g.oid, 'pg_trigger'))
    FROM tables AS t
    INNER JOIN pg_trigger AS g ON t.oid = g.tgrelid
    WHERE
        NOT g.tgisinternal
        AND g.tgfoid::regproc::text !~ '^partitioning\.'
    UNION ALL
    SELECT
        t.place,
        t.relname,
        'policy ' || p.polname,
        concat_ws(
            ', ', p.polcmd, p.polpermissive, p.polroles::regrole[], pg_get_expr(p.polqual, t.oid),
            pg_get_expr(p.polwithcheck, t.oid)
        )
    FROM tables AS t
    INNER JOIN pg_policy AS p ON t.oid = p.polrelid
    UNION ALL
    SELECT
        t.place,
        t.relname,
        'statistics ' || s.stxname,
        concat_ws(
            ', ', pg_get_statisticsobjdef(s.oid), s.stxstattarget,
            obj_description(s.oid, 'pg_statistic_ext')
        )
    FROM tables AS t
    INNER JOIN pg_statistic_ext AS s ON t.oid = s.stxrelid
),

-- Without the schemas, and without what a definition says of a partitioned table.
alike AS (
    SELECT
        p.place,
        p.table_name,
        p.what,
        regexp_replace(p.words, '\m(ONLY )?(public|partitioning)\.', '', 'g') AS words
    FROM parts AS p
)

SELECT
    coalesce(l.table_name, f.table_name) AS table_name,
    coalesce(l.what, f.what) AS what,
    l.words AS in_public,
    f.words AS in_partitioning
FROM (SELECT * FROM alike WHERE place = 'public') AS l
FULL JOIN (SELECT * FROM alike WHERE place = 'partitioning') AS f
    ON l.table_name = f.table_name AND l.what = f.what
WHERE l.words IS DISTINCT FROM f.words
ORDER BY table_name, what;
