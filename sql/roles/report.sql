-- What each role may do in this database, as a table in Markdown:
--     psql -X -A -t -f sql/roles/report.sql "$DATABASE_URL"
\ir names.sql
WITH roles (role_name, place) AS (
    VALUES
    (:'app', 1),
    (:'worker', 2),
    (:'readonly', 3)
),

objects AS (
    SELECT
        'pg_class'::regclass AS class_id,
        c.oid AS object_id,
        c.relname::text AS object_name,
        c.relacl AS acl,
        CASE c.relkind WHEN 'v' THEN 2 ELSE 1 END AS place
    FROM pg_class AS c
    WHERE
        c.relnamespace = 'public'::regnamespace
        AND c.relkind IN ('r', 'p', 'v', 'm')
    UNION ALL
    SELECT
        'pg_proc'::regclass,
        p.oid,
        p.proname || '()',
        p.proacl,
        3
    FROM pg_proc AS p
    WHERE
        p.pronamespace = 'public'::regnamespace
        AND p.prorettype <> 'trigger'::regtype
),

privileges (privilege, place) AS (
    VALUES
    ('SELECT', 1),
    ('INSERT', 2),
    ('UPDATE', 3),
    ('DELETE', 4),
    ('TRUNCATE', 5),
    ('REFERENCES', 6),
    ('TRIGGER', 7),
    ('MAINTAIN', 8),
    ('EXECUTE', 9)
),

-- A privilege is of the whole object, or of the columns that are named: of most, all but some.
held AS (
    SELECT
        o.object_id,
        r.role_name,
        string_agg(
            CASE
                WHEN w.whole THEN p.privilege
                WHEN cardinality(n.lacking) < cardinality(n.having)
                    THEN format('%s but %s', p.privilege, array_to_string(n.lacking, ', '))
                ELSE format('%s of %s', p.privilege, array_to_string(n.having, ', '))
            END,
            '; ' ORDER BY p.place
        ) AS words
    FROM objects AS o
    CROSS JOIN roles AS r
    CROSS JOIN privileges AS p
    CROSS JOIN LATERAL (
        SELECT
            EXISTS (
                SELECT FROM aclexplode(o.acl) AS x
                WHERE
                    x.grantee::regrole::text = quote_ident(r.role_name)
                    AND x.privilege_type = p.privilege
            ) AS whole
    ) AS w
    CROSS JOIN LATERAL (
        SELECT
            array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE g.granted) AS having,
            array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE NOT g.granted) AS lacking
        FROM pg_attribute AS a
        CROSS JOIN LATERAL (
            SELECT
                EXISTS (
                    SELECT FROM aclexplode(a.attacl) AS x
                    WHERE
                        x.grantee::regrole::text = quote_ident(r.role_name)
                        AND x.privilege_type = p.privilege
                ) AS granted
        ) AS g
        WHERE
            o.class_id = 'pg_class'::regclass
            AND a.attrelid = o.object_id
            AND a.attnum > 0
            AND NOT a.attisdropped
    ) AS n
    WHERE
        w.whole
        OR n.having IS NOT NULL
    GROUP BY o.object_id, r.role_name
),

cells AS (
    SELECT
        o.place,
        o.object_name,
        string_agg(coalesce(h.words, '–'), ' | ' ORDER BY r.place) AS words
    FROM objects AS o
    CROSS JOIN roles AS r
    LEFT JOIN held AS h ON o.object_id = h.object_id AND r.role_name = h.role_name
    WHERE NOT EXISTS (
        SELECT
        FROM pg_depend AS e
        WHERE
            o.class_id = e.classid
            AND o.object_id = e.objid
            AND e.deptype = 'e'
    )
    GROUP BY o.place, o.object_name
)

SELECT line
FROM (
    SELECT
        format('| %s | %s |', string_agg(c.object_name, ', ' ORDER BY c.object_name), c.words) AS line,
        c.place,
        min(c.object_name) AS first_name
    FROM cells AS c
    GROUP BY c.place, c.words
    UNION ALL
    VALUES
    ('| | app | worker | readonly |', 0, '1'),
    ('|---|---|---|---|', 0, '2')
) AS lines
ORDER BY place, first_name;
