-- The whole database, a row for each object: what pg_identify_object calls it, what it is part of,
-- and all that can be said of it: `name: value`, with the character 30 between. What is not so, or
-- as usual, is not said. The parts of the query, objects_*.sql, say what there is.
-- Left out: PostgreSQL's own objects, those of temporary schemas, the history's, and the members of
-- extensions, which stand for them. What the server keeps for itself is no property: 15.20 has a
-- column option pg_attver, another after each change of the table.
WITH
spaces AS (  -- noqa: ST03
    SELECT
        n.oid,
        CASE n.nspname WHEN 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END AS prefix
    FROM pg_namespace AS n
    WHERE
        n.nspname !~ '^pg_'
        AND n.nspname NOT IN ('information_schema', 'yoyo')
),

members AS (
    SELECT
        d.classid,
        d.objid
    FROM pg_depend AS d
    WHERE d.deptype = 'e'
),

-- All that may be granted on a table: more since PostgreSQL 17.
rights AS (
    SELECT
        a.letters,
        regexp_replace(a.letters, '.', '\&*', 'g') AS grantable
    FROM (SELECT substring((acldefault('r', 10))[1]::text, '=(\w+)/') AS letters) AS a
),

labels AS (
    SELECT
        l.classoid,
        l.objoid,
        l.objsubid,
        string_agg(
            format('security label of %s: %s', l.provider, l.label), chr(30) ORDER BY l.provider
        ) AS properties
    FROM
        (
            SELECT
                s.classoid,
                s.objoid,
                s.objsubid,
                s.provider,
                s.label
            FROM pg_seclabel AS s
            UNION ALL
            SELECT
                s.classoid,
                s.objoid,
                0 AS objsubid,
                s.provider,
                s.label
            FROM pg_shseclabel AS s
        ) AS l
    GROUP BY l.classoid, l.objoid, l.objsubid
),

objects (class, id, part, whole_class, whole_id, kind, name, acl, options, properties) AS (
    SELECT n.*  -- noqa: AM04
    FROM %(named)s AS n
    UNION ALL
    SELECT
        i.class,
        i.id,
        0,
        NULL,
        NULL,
        k.type,
        -- Of a transform, 15 says `on language`.
        replace(
            regexp_replace(k.identity, '\m(public|pg_catalog)\.', '', 'g'),
            ' on language', ' language'
        ),
        i.acl,
        i.options,
        i.properties
    FROM %(others)s AS i (class, id, acl, options, properties)
    CROSS JOIN LATERAL pg_identify_object(i.class, i.id, 0) AS k
)

SELECT
    o.class::oid AS class,
    o.id,
    o.part,
    coalesce(o.whole_class, 0)::oid AS whole_class,
    coalesce(o.whole_id, 0) AS whole_id,
    o.kind,
    o.name,
    concat_ws(
        chr(30),
        o.properties,
        'privileges: ' || CASE
            WHEN o.acl = '{}' THEN 'none'
            WHEN o.acl IS NOT NULL
                THEN
                    (
                        SELECT
                            string_agg(
                                replace(
                                    replace(i.item, '=' || r.letters || '/', '=all/'),
                                    '=' || r.grantable || '/', '=all*/'
                                ),
                                ', ' ORDER BY i.item COLLATE "C"  -- noqa: RF02,RF03
                            )
                        FROM unnest(o.acl::text[]) AS i (item)
                        CROSS JOIN rights AS r
                    )
        END,
        'options: ' || CASE
            WHEN o.options IS NOT NULL
                THEN
                    (
                        SELECT
                            string_agg(
                                CASE
                                    WHEN
                                        i.item ~* '^[^=]*(pass|secret|token|key|cred)[^=]*='
                                        OR (o.kind = 'user mapping' AND i.item !~ '^user=')
                                        THEN
                                            format(
                                                '%s=(not shown, sum %s)',
                                                split_part(i.item, '=', 1),
                                                left(sha256(convert_to(i.item, 'UTF8'))::text, 10)
                                            )
                                    ELSE i.item
                                END,
                                ', ' ORDER BY i.item COLLATE "C"  -- noqa: RF02,RF03
                            )
                        FROM unnest(o.options) AS i (item)
                        WHERE i.item NOT LIKE 'pg\_attver=%'
                    )
        END,
        l.properties,
        'comment: ' || coalesce(d.description, s.description)
    ) AS properties
FROM objects AS o
LEFT JOIN labels AS l ON o.class = l.classoid AND o.id = l.objoid AND o.part = l.objsubid
LEFT JOIN pg_description AS d ON o.class = d.classoid AND o.id = d.objoid AND o.part = d.objsubid
LEFT JOIN pg_shdescription AS s ON o.class = s.classoid AND o.id = s.objoid AND o.part = 0
WHERE
    NOT EXISTS (
        SELECT FROM members AS m
        WHERE m.classid = o.class AND m.objid = o.id
    )
    AND NOT EXISTS (
        SELECT FROM members AS m
        WHERE m.classid = o.whole_class AND m.objid = o.whole_id
    );
