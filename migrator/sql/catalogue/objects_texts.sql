-- noqa: disable=AL03
-- Collations, conversions, text search. A part of objects.sql, which names the columns.
SELECT
    'pg_collation'::regclass,
    c.oid,
    NULL::aclitem[],
    NULL::text[],
    concat_ws(
        chr(30),
        'owner: ' || pg_get_userbyid(c.collowner),
        'provider: ' || c.collprovider::text,
        'encoding: ' || pg_encoding_to_char(nullif(c.collencoding, -1)),
        'collation: ' || c.collcollate,
        'character type: ' || c.collctype,
        'locale: ' || coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale'),
        'rules: ' || (to_jsonb(c) ->> 'collicurules'),
        CASE WHEN NOT c.collisdeterministic THEN 'deterministic: no' END
    )
FROM pg_collation AS c
INNER JOIN spaces AS s ON c.collnamespace = s.oid
UNION ALL
SELECT
    'pg_conversion'::regclass,
    c.oid,
    NULL,
    NULL,
    concat_ws(
        chr(30),
        'owner: ' || pg_get_userbyid(c.conowner),
        'from: ' || pg_encoding_to_char(c.conforencoding),
        'to: ' || pg_encoding_to_char(c.contoencoding),
        'function: ' || c.conproc,
        CASE WHEN c.condefault THEN 'default: yes' END
    )
FROM pg_conversion AS c
INNER JOIN spaces AS s ON c.connamespace = s.oid
UNION ALL
SELECT
    'pg_ts_parser'::regclass,
    p.oid,
    NULL,
    NULL,
    'functions: ' || format(
        'start %s, next %s, end %s, headline %s, types %s', p.prsstart, p.prstoken, p.prsend,
        p.prsheadline, p.prslextype
    )
FROM pg_ts_parser AS p
INNER JOIN spaces AS s ON p.prsnamespace = s.oid
UNION ALL
SELECT
    'pg_ts_template'::regclass,
    t.oid,
    NULL,
    NULL,
    format('functions: init %s, lexize %s', t.tmplinit, t.tmpllexize)
FROM pg_ts_template AS t
INNER JOIN spaces AS s ON t.tmplnamespace = s.oid
UNION ALL
SELECT
    'pg_ts_dict'::regclass,
    d.oid,
    NULL,
    NULL,
    concat_ws(
        chr(30),
        'owner: ' || pg_get_userbyid(d.dictowner),
        'template: ' || format('%s.%I', t.tmplnamespace::regnamespace, t.tmplname),
        'initial options: ' || d.dictinitoption
    )
FROM pg_ts_dict AS d
INNER JOIN spaces AS s ON d.dictnamespace = s.oid
INNER JOIN pg_ts_template AS t ON d.dicttemplate = t.oid
UNION ALL
SELECT
    'pg_ts_config'::regclass,
    c.oid,
    NULL,
    NULL,
    concat_ws(
        chr(30),
        'owner: ' || pg_get_userbyid(c.cfgowner),
        'parser: ' || format('%s.%I', p.prsnamespace::regnamespace, p.prsname),
        'dictionaries: ' || (
            SELECT
                string_agg(
                    format('%s: %s', t.alias, m.mapdict::regdictionary), ', '
                    ORDER BY m.maptokentype, m.mapseqno
                )
            FROM pg_ts_config_map AS m
            INNER JOIN ts_token_type(c.cfgparser) AS t ON m.maptokentype = t.tokid
            WHERE m.mapcfg = c.oid
        )
    )
FROM pg_ts_config AS c
INNER JOIN spaces AS s ON c.cfgnamespace = s.oid
INNER JOIN pg_ts_parser AS p ON c.cfgparser = p.oid
