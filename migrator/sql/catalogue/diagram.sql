-- What a picture of the schema shows: a row for each table and view of schema public, by name.
-- Nothing follows the order of oids: the same migrations give the same picture on any server.
WITH
table_columns AS (
    SELECT
        a.attrelid,
        a.attnum,
        a.attname AS column_name,
        a.attnotnull AS is_not_null,
        CASE t.typtype WHEN 'b' THEN format_type(t.oid, NULL) ELSE t.typname END AS type_name,
        bool_or(k.contype = 'p') AS is_primary,
        bool_or(k.contype = 'f') AS is_reference,
        bool_or(k.contype = 'u' AND cardinality(k.conkey) = 1) AS is_unique
    FROM pg_attribute AS a
    INNER JOIN pg_type AS t ON a.atttypid = t.oid
    LEFT JOIN pg_constraint AS k ON a.attrelid = k.conrelid AND k.conkey @> ARRAY[a.attnum]
    WHERE
        a.attnum > 0
        AND NOT a.attisdropped
    GROUP BY a.attrelid, a.attnum, a.attname, a.attnotnull, t.oid, t.typtype, t.typname
),

table_references AS (
    SELECT
        f.conrelid,
        f.conname,
        parent.relname AS referenced,
        f.confdeltype = 'c' AS is_owned,
        count(u.oid) > 0 AS is_one_to_one,
        (
            SELECT array_agg(a.attname ORDER BY k.place)
            FROM unnest(f.conkey) WITH ORDINALITY AS k (attnum, place)
            INNER JOIN pg_attribute AS a ON f.conrelid = a.attrelid AND k.attnum = a.attnum
        ) AS column_names
    FROM pg_constraint AS f
    INNER JOIN pg_class AS parent ON f.confrelid = parent.oid
    LEFT JOIN pg_constraint AS u
        ON f.conrelid = u.conrelid AND u.contype IN ('p', 'u') AND f.conkey @> u.conkey
    WHERE
        f.contype = 'f'
        AND f.conparentid = 0
    GROUP BY f.oid, f.conrelid, f.conname, f.confdeltype, f.conkey, parent.relname
)

SELECT
    r.relname AS relation_name,
    r.relkind IN ('v', 'm') AS is_view,
    coalesce(obj_description(r.oid, 'pg_class'), '') AS description,
    (
        SELECT coalesce(jsonb_agg(to_jsonb(c) ORDER BY c.attnum), '[]')
        FROM table_columns AS c
        WHERE c.attrelid = r.oid
    ) AS table_columns,
    (
        SELECT coalesce(jsonb_agg(to_jsonb(f) ORDER BY f.conname), '[]')
        FROM table_references AS f
        WHERE f.conrelid = r.oid
    ) AS table_references
FROM pg_class AS r
LEFT JOIN pg_depend AS d
    ON d.classid = 'pg_class'::regclass AND r.oid = d.objid AND d.deptype = 'e'
WHERE
    r.relnamespace = to_regnamespace('public')
    AND r.relkind IN ('r', 'p', 'v', 'm')
    AND NOT r.relispartition
    AND d.objid IS NULL
ORDER BY r.relname;
