-- noqa: disable=AL03
-- Constraints. Left out: those that follow from a partitioned table's, and NOT NULL, which is read
-- with its column. A part of objects.sql, which names the columns.
SELECT
    'pg_constraint'::regclass,
    k.oid,
    0,
    CASE k.conrelid WHEN 0 THEN 'pg_type' ELSE 'pg_class' END::regclass,
    CASE k.conrelid WHEN 0 THEN k.contypid ELSE k.conrelid END,
    CASE k.conrelid WHEN 0 THEN 'domain constraint' ELSE 'table constraint' END,
    quote_ident(k.conname),
    NULL::aclitem[],
    NULL::text[],
    concat_ws(
        chr(30),
        'definition: ' || pg_get_constraintdef(k.oid),
        CASE
            WHEN k.coninhcount > 0
                THEN 'inherited: yes' || CASE WHEN k.conislocal THEN ', and its own' ELSE '' END
        END,
        'enforced: ' || t.words
    )
FROM pg_constraint AS k
INNER JOIN spaces AS s ON k.connamespace = s.oid
LEFT JOIN
    (  -- noqa: ST05
        -- ALTER TABLE ... DISABLE TRIGGER ALL switches references off, too.
        SELECT
            i.tgconstraint,
            string_agg(
                DISTINCT
                CASE i.tgenabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'on a replica' ELSE 'always' END,
                ', '
            ) AS words
        FROM pg_trigger AS i
        WHERE
            i.tgisinternal
            AND i.tgenabled <> 'O'
        GROUP BY i.tgconstraint
    ) AS t
    ON k.oid = t.tgconstraint
WHERE
    k.contype <> 'n'
    AND NOT (k.contype = 'f' AND k.conparentid <> 0)
UNION ALL
SELECT
    'pg_class'::regclass,
    i.indexrelid,
    0,
    'pg_class'::regclass,
    i.indrelid,
    'index',
    s.prefix || quote_ident(c.relname),
    NULL,
    NULL,
    concat_ws(
        chr(30),
        'definition: ' || pg_get_indexdef(i.indexrelid),
        'constraint: ' || quote_ident(k.conname),
        CASE WHEN NOT (i.indisvalid AND i.indisready AND i.indislive) THEN 'validity: INVALID' END,
        CASE WHEN i.indisreplident THEN 'replica identity: yes' END,
        CASE WHEN i.indisclustered THEN 'clustered: yes' END,
        'tablespace: ' || p.spcname,
        'partition of: ' || (
            SELECT h.inhparent::regclass
            FROM pg_inherits AS h
            WHERE h.inhrelid = i.indexrelid
        ),
        'statistics: ' || (
            SELECT string_agg(format('%s of column %s', a.attstattarget, a.attnum), ', ')
            FROM pg_attribute AS a
            WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0
        )
    )
FROM pg_index AS i
INNER JOIN pg_class AS c ON i.indexrelid = c.oid
INNER JOIN spaces AS s ON c.relnamespace = s.oid
LEFT JOIN pg_constraint AS k ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
LEFT JOIN pg_tablespace AS p ON c.reltablespace = p.oid
UNION ALL
SELECT
    'pg_trigger'::regclass,
    t.oid,
    0,
    'pg_class'::regclass,
    t.tgrelid,
    'trigger',
    quote_ident(t.tgname),
    NULL,
    NULL,
    concat_ws(
        chr(30),
        'definition: ' || pg_get_triggerdef(t.oid),
        CASE t.tgenabled
            WHEN 'D' THEN 'enabled: no'
            WHEN 'R' THEN 'enabled: on a replica'
            WHEN 'A' THEN 'enabled: always'
        END
    )
FROM pg_trigger AS t
INNER JOIN pg_class AS c ON t.tgrelid = c.oid
INNER JOIN spaces AS s ON c.relnamespace = s.oid
WHERE NOT t.tgisinternal
UNION ALL
SELECT
    'pg_rewrite'::regclass,
    r.oid,
    0,
    'pg_class'::regclass,
    r.ev_class,
    'rule',
    quote_ident(r.rulename),
    NULL,
    NULL,
    concat_ws(
        chr(30),
        'definition: ' || pg_get_ruledef(r.oid),
        CASE r.ev_enabled
            WHEN 'D' THEN 'enabled: no'
            WHEN 'R' THEN 'enabled: on a replica'
            WHEN 'A' THEN 'enabled: always'
        END
    )
FROM pg_rewrite AS r
INNER JOIN pg_class AS c ON r.ev_class = c.oid
INNER JOIN spaces AS s ON c.relnamespace = s.oid
WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT
    'pg_policy'::regclass,
    p.oid,
    0,
    'pg_class'::regclass,
    p.polrelid,
    'policy',
    quote_ident(p.polname),
    NULL,
    NULL,
    concat_ws(
        chr(30),
        'command: ' || CASE p.polcmd
            WHEN 'r' THEN 'SELECT'
            WHEN 'a' THEN 'INSERT'
            WHEN 'w' THEN 'UPDATE'
            WHEN 'd' THEN 'DELETE'
            ELSE 'ALL'
        END,
        'kind: ' || CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
        'roles: ' || (
            SELECT string_agg(r.name, ', ' ORDER BY r.name)
            FROM (
                SELECT CASE o.id WHEN 0 THEN 'public' ELSE pg_get_userbyid(o.id) END AS name
                FROM unnest(p.polroles) AS o (id)
            ) AS r
        ),
        'USING: ' || pg_get_expr(p.polqual, p.polrelid),
        'WITH CHECK: ' || pg_get_expr(p.polwithcheck, p.polrelid)
    )
FROM pg_policy AS p
INNER JOIN pg_class AS c ON p.polrelid = c.oid
INNER JOIN spaces AS s ON c.relnamespace = s.oid
UNION ALL
SELECT
    'pg_statistic_ext'::regclass,
    x.oid,
    0,
    'pg_class'::regclass,
    x.stxrelid,
    'statistics object',
    s.prefix || quote_ident(x.stxname),
    NULL,
    NULL,
    concat_ws(
        chr(30),
        'owner: ' || pg_get_userbyid(x.stxowner),
        'definition: ' || pg_get_statisticsobjdef(x.oid),
        'statistics: ' || nullif(x.stxstattarget, -1)
    )
FROM pg_statistic_ext AS x
INNER JOIN spaces AS s ON x.stxnamespace = s.oid
