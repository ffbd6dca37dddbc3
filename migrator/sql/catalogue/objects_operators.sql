-- noqa: disable=AL03
-- Operators, their classes and families, access methods, casts, transforms, languages. What is no
-- object of a schema and PostgreSQL's own has an oid below 16384. A part of objects.sql, which
-- names the columns.
SELECT
    'pg_operator'::regclass,
    o.oid,
    NULL::aclitem[],
    NULL::text[],
    concat_ws(
        chr(30),
        'owner: ' || pg_get_userbyid(o.oprowner),
        'returns: ' || o.oprresult::regtype,
        'function: ' || o.oprcode::regprocedure,
        'commutator: ' || nullif(o.oprcom, 0)::regoperator,
        'negator: ' || nullif(o.oprnegate, 0)::regoperator,
        'selectivity: ' || nullif(o.oprrest::oid, 0)::regproc,
        'selectivity of joins: ' || nullif(o.oprjoin::oid, 0)::regproc,
        CASE WHEN o.oprcanmerge THEN 'merges: yes' END,
        CASE WHEN o.oprcanhash THEN 'hashes: yes' END
    )
FROM pg_operator AS o
INNER JOIN spaces AS s ON o.oprnamespace = s.oid
UNION ALL
SELECT
    'pg_opfamily'::regclass,
    f.oid,
    NULL,
    NULL,
    'owner: ' || pg_get_userbyid(f.opfowner)
FROM pg_opfamily AS f
INNER JOIN spaces AS s ON f.opfnamespace = s.oid
UNION ALL
SELECT
    'pg_opclass'::regclass,
    c.oid,
    NULL,
    NULL,
    concat_ws(
        chr(30),
        'owner: ' || pg_get_userbyid(c.opcowner),
        'family: ' || format('%s.%I', f.opfnamespace::regnamespace, f.opfname),
        'type: ' || c.opcintype::regtype,
        'stores: ' || nullif(c.opckeytype, 0)::regtype,
        CASE WHEN c.opcdefault THEN 'default: yes' END
    )
FROM pg_opclass AS c
INNER JOIN spaces AS s ON c.opcnamespace = s.oid
INNER JOIN pg_opfamily AS f ON c.opcfamily = f.oid
UNION ALL
SELECT
    'pg_amop'::regclass,
    a.oid,
    NULL,
    NULL,
    concat_ws(
        chr(30),
        'operator: ' || a.amopopr::regoperator,
        'orders by: ' || (
            SELECT format('%s.%I', f.opfnamespace::regnamespace, f.opfname)
            FROM pg_opfamily AS f
            WHERE f.oid = a.amopsortfamily
        )
    )
FROM pg_amop AS a
LEFT JOIN members AS m ON m.classid = 'pg_opfamily'::regclass AND a.amopfamily = m.objid
WHERE
    a.oid >= 16384
    AND m.objid IS NULL
UNION ALL
SELECT
    'pg_amproc'::regclass,
    a.oid,
    NULL,
    NULL,
    'function: ' || a.amproc::regprocedure
FROM pg_amproc AS a
LEFT JOIN members AS m ON m.classid = 'pg_opfamily'::regclass AND a.amprocfamily = m.objid
WHERE
    a.oid >= 16384
    AND m.objid IS NULL
UNION ALL
SELECT
    'pg_am'::regclass,
    a.oid,
    NULL,
    NULL,
    concat_ws(
        chr(30),
        'of: ' || CASE a.amtype WHEN 't' THEN 'tables' ELSE 'indexes' END,
        'handler: ' || a.amhandler
    )
FROM pg_am AS a
WHERE a.oid >= 16384
UNION ALL
SELECT
    'pg_cast'::regclass,
    c.oid,
    NULL,
    NULL,
    concat_ws(
        chr(30),
        'by: ' || CASE c.castmethod
            WHEN 'i' THEN 'text'
            WHEN 'b' THEN 'nothing, same bytes'
            ELSE c.castfunc::regprocedure::text
        END,
        'used: ' || CASE c.castcontext
            WHEN 'i' THEN 'implicitly'
            WHEN 'a' THEN 'in assignments'
            ELSE 'explicitly'
        END
    )
FROM pg_cast AS c
WHERE c.oid >= 16384
UNION ALL
SELECT
    'pg_transform'::regclass,
    t.oid,
    NULL,
    NULL,
    format('functions: from SQL %s, to SQL %s', t.trffromsql, t.trftosql)
FROM pg_transform AS t
UNION ALL
SELECT
    'pg_language'::regclass,
    l.oid,
    coalesce(l.lanacl, acldefault('l', l.lanowner)),
    NULL,
    concat_ws(
        chr(30),
        'owner: ' || pg_get_userbyid(l.lanowner),
        CASE WHEN NOT l.lanpltrusted THEN 'trusted: no' END,
        'functions: ' || format(
            'handler %s, inline %s, validator %s', l.lanplcallfoid::regproc, l.laninline::regproc,
            l.lanvalidator::regproc
        )
    )
FROM pg_language AS l
WHERE l.oid >= 16384
