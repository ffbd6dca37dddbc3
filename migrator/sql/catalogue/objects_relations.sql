-- noqa: disable=AL03
-- Tables, views, sequences. A part of objects.sql, which names the columns.
SELECT
    'pg_class'::regclass,
    c.oid,
    0,
    CASE WHEN d.objid IS NOT NULL THEN 'pg_class'::regclass END,
    d.refobjid,
    CASE c.relkind
        WHEN 'v' THEN 'view'
        WHEN 'm' THEN 'materialized view'
        WHEN 'S' THEN 'sequence'
        WHEN 'f' THEN 'foreign table'
        ELSE 'table'
    END,
    s.prefix || quote_ident(c.relname),
    coalesce(
        c.relacl,
        CASE c.relkind
            WHEN 'S' THEN acldefault('s', c.relowner) ELSE acldefault('r', c.relowner)
        END
    ),
    c.reloptions || f.ftoptions || array(
        SELECT 'toast.' || o.option FROM unnest(t.reloptions) AS o (option)
    ),
    concat_ws(
        chr(30),
        'owner: ' || pg_get_userbyid(c.relowner),
        CASE c.relpersistence WHEN 'u' THEN 'persistence: unlogged' END,
        'access method: ' || a.amname,
        'tablespace: ' || p.spcname,
        'type: ' || nullif(c.reloftype, 0)::regtype,
        'server: ' || w.srvname,
        'row security: ' || CASE
            WHEN c.relrowsecurity AND c.relforcerowsecurity THEN 'on and forced'
            WHEN c.relrowsecurity THEN 'on'
            WHEN c.relforcerowsecurity THEN 'off but forced'
        END,
        CASE
            WHEN c.relkind IN ('r', 'p') AND c.relreplident = 'n' THEN 'replica identity: nothing'
            WHEN c.relreplident = 'f' THEN 'replica identity: full'
        END,
        'inherits: ' || (
            SELECT
                string_agg(
                    i.inhparent::regclass
                    || CASE WHEN i.inhdetachpending THEN ' (detach pending)' ELSE '' END,
                    ', ' ORDER BY i.inhseqno
                )
            FROM pg_inherits AS i
            WHERE i.inhrelid = c.oid
        ),
        'partitioned by: ' || CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END,
        'partition: ' || pg_get_expr(c.relpartbound, c.oid),
        'order of columns: ' || CASE
            WHEN c.relkind IN ('r', 'p', 'f')
                THEN
                    (
                        SELECT string_agg(quote_ident(x.attname), ', ' ORDER BY x.attnum)
                        FROM pg_attribute AS x
                        WHERE x.attrelid = c.oid AND x.attnum > 0 AND NOT x.attisdropped
                    )
        END,
        'definition: ' || CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
        CASE WHEN NOT c.relispopulated THEN 'populated: no' END,
        'numbers: ' || CASE c.relkind
            WHEN 'S'
                THEN
                    format(
                        '%s from %s by %s, %s to %s, cache %s', q.seqtypid::regtype, q.seqstart,
                        q.seqincrement, q.seqmin, q.seqmax, q.seqcache
                    )
        END,
        CASE WHEN q.seqcycle THEN 'cycle: yes' END,
        'owned by: ' || (
            SELECT quote_ident(x.attname)
            FROM pg_attribute AS x
            WHERE x.attrelid = d.refobjid AND x.attnum = d.refobjsubid
        )
    )
FROM pg_class AS c
INNER JOIN spaces AS s ON c.relnamespace = s.oid
LEFT JOIN pg_am AS a ON c.relam = a.oid
LEFT JOIN pg_tablespace AS p ON c.reltablespace = p.oid
LEFT JOIN pg_class AS t ON c.reltoastrelid = t.oid
LEFT JOIN pg_sequence AS q ON c.oid = q.seqrelid
LEFT JOIN pg_foreign_table AS f ON c.oid = f.ftrelid
LEFT JOIN pg_foreign_server AS w ON f.ftserver = w.oid
LEFT JOIN pg_depend AS d
    ON
        c.relkind = 'S'
        AND d.classid = 'pg_class'::regclass
        AND c.oid = d.objid
        AND d.refclassid = 'pg_class'::regclass
        AND d.deptype IN ('a', 'i')
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
UNION ALL
-- Columns. What a NOT NULL constraint is called, 15 to 17 do not know: it is read as what it says.
SELECT
    'pg_class'::regclass,
    a.attrelid,
    a.attnum,
    CASE c.relkind WHEN 'c' THEN 'pg_type' ELSE 'pg_class' END::regclass,
    CASE c.relkind WHEN 'c' THEN c.reltype ELSE c.oid END,
    CASE c.relkind
        WHEN 'v' THEN 'view column'
        WHEN 'm' THEN 'materialized view column'
        WHEN 'f' THEN 'foreign table column'
        WHEN 'c' THEN 'composite type column'
        ELSE 'table column'
    END,
    quote_ident(a.attname),
    a.attacl,
    a.attoptions || a.attfdwoptions,
    concat_ws(
        chr(30),
        'type: ' || format_type(a.atttypid, a.atttypmod),
        CASE
            WHEN a.attcollation <> t.typcollation
                THEN 'collation: ' || a.attcollation::regcollation
        END,
        CASE
            WHEN NOT a.attnotnull THEN NULL
            WHEN NOT n.convalidated THEN 'NOT NULL: not valid'
            WHEN n.connoinherit THEN 'NOT NULL: no inherit'
            ELSE 'NOT NULL: yes'
        END,
        'comment on NOT NULL: ' || obj_description(n.oid, 'pg_constraint'),
        CASE a.attgenerated
            WHEN 's' THEN 'generated and stored: '
            WHEN 'v' THEN 'generated: '
            ELSE 'default: '
        END || pg_get_expr(d.adbin, d.adrelid),
        CASE a.attidentity
            WHEN 'a' THEN 'identity: always'
            WHEN 'd' THEN 'identity: by default'
        END,
        CASE WHEN a.attstorage <> t.typstorage THEN 'storage: ' || a.attstorage::text END,
        'compression: ' || nullif(a.attcompression::text, ''),
        CASE WHEN a.attnum > 0 THEN 'statistics: ' || nullif(a.attstattarget, -1) END,
        CASE
            WHEN a.attinhcount > 0
                THEN 'inherited: yes' || CASE WHEN a.attislocal THEN ', and its own' ELSE '' END
        END
    )
FROM pg_attribute AS a
INNER JOIN pg_class AS c ON a.attrelid = c.oid
INNER JOIN spaces AS s ON c.relnamespace = s.oid
INNER JOIN pg_type AS t ON a.atttypid = t.oid
LEFT JOIN pg_attrdef AS d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
LEFT JOIN pg_constraint AS n
    ON a.attrelid = n.conrelid AND n.contype = 'n' AND n.conkey = ARRAY[a.attnum]
WHERE
    c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
    AND (a.attnum > 0 OR a.attacl IS NOT NULL)
    AND NOT a.attisdropped
