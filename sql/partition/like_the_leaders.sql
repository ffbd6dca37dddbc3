-- Gives the followers what their leaders have and they have not: references, triggers, policies,
-- privileges, comments; included by prepare.sql.
SELECT
    format(
        'ALTER TABLE partitioning.%I ADD CONSTRAINT %I %s',
        c.relname, k.conname,
        regexp_replace(
            pg_get_constraintdef(k.oid),
            '(?<=REFERENCES )public(?=\.(tasks|generated_content)\()',
            'partitioning'
        )
    )
FROM pg_constraint AS k
INNER JOIN pg_class AS c ON k.conrelid = c.oid
INNER JOIN pg_class AS f ON f.oid = format('partitioning.%I', c.relname)::regclass
WHERE
    k.conrelid = ANY (:'leaders'::regclass[])
    AND k.contype = 'f'
    AND NOT EXISTS (SELECT FROM pg_constraint AS o WHERE o.conrelid = f.oid AND o.conname = k.conname)
ORDER BY k.conname
\gexec

-- A follower's rows are its leader's: no trigger changes them.
SELECT
    replace(pg_get_triggerdef(t.oid), ' ON public.', ' ON partitioning.'),
    format('ALTER TABLE partitioning.%I DISABLE TRIGGER %I', c.relname, t.tgname)
FROM pg_trigger AS t
INNER JOIN pg_class AS c ON t.tgrelid = c.oid
WHERE
    c.oid = ANY (:'leaders'::regclass[])
    AND NOT t.tgisinternal
    AND t.tgfoid::regproc::text !~ '^partitioning\.'
    AND NOT EXISTS (
        SELECT FROM pg_trigger AS o
        WHERE o.tgrelid = format('partitioning.%I', c.relname)::regclass AND o.tgname = t.tgname
    )
\gexec

WITH policies AS (
    SELECT
        c.relnamespace::regnamespace::text AS place,
        c.relname,
        p.polname,
        format(
            'CREATE POLICY %I ON partitioning.%I AS %s FOR %s TO %s',
            p.polname, c.relname,
            CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
            CASE p.polcmd
                WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                WHEN 'd' THEN 'DELETE' ELSE 'ALL'
            END,
            (
                SELECT string_agg(
                    CASE r.id WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r.id)) END, ', '
                )
                FROM unnest(p.polroles) AS r (id)
            )
        )
        || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
        || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')
        AS statement
    FROM pg_policy AS p
    INNER JOIN pg_class AS c ON p.polrelid = c.oid
    WHERE c.oid = ANY ((:'leaders'::regclass[] || :'followers'::regclass[]))
)

SELECT format('DROP POLICY %I ON partitioning.%I', f.polname, f.relname)
FROM policies AS f
WHERE
    f.place = 'partitioning'
    AND NOT EXISTS (SELECT FROM policies AS l WHERE l.place = 'public' AND l.statement = f.statement)
UNION ALL
SELECT l.statement
FROM policies AS l
WHERE
    l.place = 'public'
    AND NOT EXISTS (
        SELECT FROM policies AS f WHERE f.place = 'partitioning' AND f.statement = l.statement
    )
\gexec

SELECT
    format(
        'ALTER TABLE partitioning.%I %s ROW LEVEL SECURITY, %s ROW LEVEL SECURITY',
        c.relname,
        CASE WHEN c.relrowsecurity THEN 'ENABLE' ELSE 'DISABLE' END,
        CASE WHEN c.relforcerowsecurity THEN 'FORCE' ELSE 'NO FORCE' END
    ),
    format('COMMENT ON TABLE partitioning.%I IS %L', c.relname, obj_description(c.oid, 'pg_class'))
FROM pg_class AS c
WHERE c.oid = ANY (:'leaders'::regclass[])
\gexec

WITH tables AS (
    SELECT
        c.oid,
        c.relnamespace::regnamespace::text AS place,
        c.relname,
        coalesce(c.relacl, acldefault('r', c.relowner)) AS acl
    FROM pg_class AS c
    WHERE c.oid = ANY ((:'leaders'::regclass[] || :'followers'::regclass[]))
),

granted AS (
    SELECT
        t.place,
        format(
            '%s ON partitioning.%I', x.privilege_type, t.relname
        ) AS words,
        x.grantee,
        x.is_grantable
    FROM tables AS t
    CROSS JOIN LATERAL aclexplode(t.acl) AS x
    UNION ALL
    SELECT
        t.place,
        format('%s (%I) ON partitioning.%I', x.privilege_type, a.attname, t.relname),
        x.grantee,
        x.is_grantable
    FROM tables AS t
    INNER JOIN pg_attribute AS a ON t.oid = a.attrelid
    CROSS JOIN LATERAL aclexplode(a.attacl) AS x
),

changes AS (
    SELECT
        'REVOKE ' || f.words || ' FROM ' AS beginning,
        f.grantee,
        '' AS ending
    FROM granted AS f
    WHERE
        f.place = 'partitioning'
        AND (f.words, f.grantee, f.is_grantable) NOT IN (
            SELECT l.words, l.grantee, l.is_grantable FROM granted AS l WHERE l.place = 'public'
        )
    UNION ALL
    SELECT
        'GRANT ' || l.words || ' TO ',
        l.grantee,
        CASE WHEN l.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
    FROM granted AS l
    WHERE
        l.place = 'public'
        AND (l.words, l.grantee, l.is_grantable) NOT IN (
            SELECT f.words, f.grantee, f.is_grantable FROM granted AS f WHERE f.place = 'partitioning'
        )
)

SELECT
    c.beginning
    || CASE c.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(c.grantee)) END
    || c.ending
FROM changes AS c
ORDER BY c.beginning DESC
\gexec

SELECT format(
    'COMMENT ON CONSTRAINT %I ON partitioning.%I IS %L', k.conname, c.relname, d.description
)
FROM pg_constraint AS k
INNER JOIN pg_class AS c ON k.conrelid = c.oid
INNER JOIN pg_description AS d ON d.classoid = 'pg_constraint'::regclass AND k.oid = d.objoid
WHERE
    c.oid = ANY (:'leaders'::regclass[])
    AND k.contype = 'f'
UNION ALL
SELECT format('COMMENT ON TRIGGER %I ON partitioning.%I IS %L', t.tgname, c.relname, d.description)
FROM pg_trigger AS t
INNER JOIN pg_class AS c ON t.tgrelid = c.oid
INNER JOIN pg_description AS d ON d.classoid = 'pg_trigger'::regclass AND t.oid = d.objoid
WHERE c.oid = ANY (:'leaders'::regclass[])
\gexec
