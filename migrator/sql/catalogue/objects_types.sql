-- noqa: disable=AL03
-- Types, without those that come with another: a table's row, an array. A part of objects.sql,
-- which names the columns.
SELECT
    'pg_type'::regclass,
    t.oid,
    0,
    CASE t.typtype WHEN 'm' THEN 'pg_type'::regclass END,
    m.rngtypid,
    'type',
    s.prefix || quote_ident(t.typname),
    coalesce(t.typacl, acldefault('T', t.typowner)),
    NULL::text[],
    concat_ws(
        chr(30),
        'owner: ' || pg_get_userbyid(t.typowner),
        'kind: ' || CASE t.typtype
            WHEN 'c' THEN 'composite'
            WHEN 'd' THEN 'domain'
            WHEN 'e' THEN 'enum'
            WHEN 'r' THEN 'range'
            WHEN 'm' THEN 'multirange'
            WHEN 'p' THEN 'shell'
            ELSE 'base'
        END,
        'base type: ' || CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
        CASE
            WHEN t.typcollation <> b.typcollation
                THEN 'collation: ' || t.typcollation::regcollation
        END,
        CASE
            WHEN NOT t.typnotnull THEN NULL
            WHEN NOT n.convalidated THEN 'NOT NULL: not valid'
            ELSE 'NOT NULL: yes'
        END,
        'comment on NOT NULL: ' || obj_description(n.oid, 'pg_constraint'),
        'default: ' || coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault),
        'labels: ' || (
            SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
            FROM pg_enum AS e
            WHERE e.enumtypid = t.oid
        ),
        'order of columns: ' || (
            SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
            FROM pg_attribute AS a
            WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
        ),
        'definition: ' || CASE t.typtype
            WHEN 'r'
                THEN
                    format(
                        E'range of %s\nclass %s.%I\ncollation %s\ncanonical %s\ndifference %s\n'
                        'multirange %s',
                        r.rngsubtype::regtype, o.opcnamespace::regnamespace, o.opcname,
                        r.rngcollation::regcollation, r.rngcanonical, r.rngsubdiff,
                        r.rngmultitypid::regtype
                    )
            WHEN 'b'
                THEN
                    format(
                        E'length %s\nby value %s\nalignment %s\nstorage %s\ncategory %s\n'
                        'preferred %s\ndelimiter %s\nelement %s\ncollatable %s\n',
                        t.typlen, t.typbyval, t.typalign, t.typstorage, t.typcategory,
                        t.typispreferred, t.typdelim, t.typelem::regtype, t.typcollation <> 0
                    )
                    || format(
                        E'input %s\noutput %s\nreceive %s\nsend %s\nmodifier input %s\n'
                        'modifier output %s\nanalyze %s\nsubscript %s',
                        t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout,
                        t.typanalyze, t.typsubscript
                    )
        END
    )
FROM pg_type AS t
INNER JOIN spaces AS s ON t.typnamespace = s.oid
LEFT JOIN pg_class AS c ON t.typrelid = c.oid
LEFT JOIN pg_type AS b ON t.typbasetype = b.oid
LEFT JOIN pg_range AS r ON t.oid = r.rngtypid
LEFT JOIN pg_opclass AS o ON r.rngsubopc = o.oid
LEFT JOIN pg_range AS m ON t.oid = m.rngmultitypid
LEFT JOIN pg_constraint AS n ON t.oid = n.contypid AND n.contype = 'n'
LEFT JOIN pg_type AS y ON t.oid = y.typarray
WHERE
    (c.oid IS NULL OR c.relkind = 'c')
    AND y.oid IS NULL
