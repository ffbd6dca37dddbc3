-- noqa: disable=AL03
-- What ties the database to others: foreign data and replication. A part of objects.sql, which
-- names the columns.
SELECT
    'pg_foreign_data_wrapper'::regclass,
    f.oid,
    coalesce(f.fdwacl, acldefault('F', f.fdwowner)),
    f.fdwoptions,
    concat_ws(
        chr(30),
        'owner: ' || pg_get_userbyid(f.fdwowner),
        'handler: ' || nullif(f.fdwhandler, 0)::regproc,
        'validator: ' || nullif(f.fdwvalidator, 0)::regproc
    )
FROM pg_foreign_data_wrapper AS f
UNION ALL
SELECT
    'pg_foreign_server'::regclass,
    s.oid,
    coalesce(s.srvacl, acldefault('S', s.srvowner)),
    s.srvoptions,
    concat_ws(
        chr(30),
        'owner: ' || pg_get_userbyid(s.srvowner),
        'wrapper: ' || quote_ident(f.fdwname),
        'type: ' || s.srvtype,
        'version: ' || s.srvversion
    )
FROM pg_foreign_server AS s
INNER JOIN pg_foreign_data_wrapper AS f ON s.srvfdw = f.oid
UNION ALL
-- Options that the role may not read are none.
SELECT
    'pg_user_mapping'::regclass,
    m.umid,
    NULL,
    m.umoptions,
    ''
FROM pg_user_mappings AS m
UNION ALL
SELECT
    'pg_publication'::regclass,
    p.oid,
    NULL,
    NULL,
    concat_ws(
        chr(30),
        'owner: ' || pg_get_userbyid(p.pubowner),
        CASE WHEN p.puballtables THEN 'all tables: yes' END,
        'publishes: ' || concat_ws(
            ', ',
            CASE WHEN p.pubinsert THEN 'insert' END,
            CASE WHEN p.pubupdate THEN 'update' END,
            CASE WHEN p.pubdelete THEN 'delete' END,
            CASE WHEN p.pubtruncate THEN 'truncate' END
        ),
        CASE WHEN p.pubviaroot THEN 'by partitioned table: yes' END,
        CASE to_jsonb(p) ->> 'pubgencols' WHEN 's' THEN 'generated columns: stored' END
    )
FROM pg_publication AS p
UNION ALL
SELECT
    'pg_publication_rel'::regclass,
    r.oid,
    NULL,
    NULL,
    concat_ws(
        chr(30),
        'rows: ' || pg_get_expr(r.prqual, r.prrelid),
        'columns: ' || (
            SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
            FROM pg_attribute AS a
            WHERE a.attrelid = r.prrelid AND a.attnum = any(r.prattrs)
        )
    )
FROM pg_publication_rel AS r
UNION ALL
SELECT
    'pg_publication_namespace'::regclass,
    n.oid,
    NULL,
    NULL,
    ''
FROM pg_publication_namespace AS n
UNION ALL
-- How it connects, only a superuser may read, and it may hold a password. A column that this
-- version does not have yet is that of `later`.
SELECT
    'pg_subscription'::regclass,
    s.oid,
    NULL,
    NULL,
    concat_ws(
        chr(30),
        'owner: ' || pg_get_userbyid(s.subowner),
        CASE WHEN NOT s.subenabled THEN 'enabled: no' END,
        CASE WHEN s.subbinary THEN 'binary: yes' END,
        'streaming: ' || CASE s.substream::text
            WHEN 't' THEN 'on' WHEN 'true' THEN 'on' WHEN 'p' THEN 'parallel'
        END,
        CASE WHEN s.subtwophasestate <> 'd' THEN 'two-phase commit: yes' END,
        CASE WHEN s.subdisableonerr THEN 'disabled on error: yes' END,
        'slot: ' || quote_ident(s.subslotname),
        'synchronous commit: ' || s.subsynccommit,
        'publications: ' || array_to_string(s.subpublications, ', '),
        -- noqa: disable=RF02,RF03
        (
            SELECT
                concat_ws(
                    chr(30),
                    'origin: ' || nullif(suborigin, 'any'),
                    CASE WHEN NOT subpasswordrequired THEN 'password required: no' END,
                    CASE WHEN subrunasowner THEN 'runs as its owner: yes' END,
                    CASE WHEN subfailover THEN 'failover: yes' END
                )
            FROM pg_subscription AS x
            WHERE x.oid = s.oid
        )
        -- noqa: enable=RF02,RF03
    )
FROM pg_subscription AS s
INNER JOIN pg_database AS d ON s.subdbid = d.oid
CROSS JOIN
    (  -- noqa: ST05
        SELECT
            NULL::text AS suborigin,
            NULL::boolean AS subpasswordrequired,
            NULL::boolean AS subrunasowner,
            NULL::boolean AS subfailover
    ) AS later
WHERE d.datname = current_database()
