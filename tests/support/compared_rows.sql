-- The query for each table that gives the number of its rows and a sum of hashes: the same in every
-- database, so no generated number, time or random value is in it.
WITH
table_columns AS (
    SELECT
        a.attrelid,
        a.attname,
        a.attnum,
        a.attidentity,
        r.oid::regclass::text AS relation_name,
        pg_get_expr(d.adbin, d.adrelid) AS default_text
    FROM pg_class AS r
    INNER JOIN pg_namespace AS n ON r.relnamespace = n.oid
    INNER JOIN pg_attribute AS a ON r.oid = a.attrelid
    LEFT JOIN pg_attrdef AS d ON r.oid = d.adrelid AND a.attnum = d.adnum
    WHERE
        r.relkind = 'r'
        AND n.nspname NOT LIKE 'pg\_%'
        AND n.nspname NOT IN ('information_schema', 'yoyo')
        AND a.attnum > 0
        AND NOT a.attisdropped
),

row_columns AS (
    SELECT c.*
    FROM table_columns AS c
    WHERE
        c.attidentity = ''
        AND coalesce(c.default_text, '')
        !~* '(now|clock_timestamp|new_id|uuid\w*)\(|current_timestamp'
),

parents AS (
    -- Columns that refer to a generated number, each with the query for the row that is meant.
    SELECT
        f.conrelid,
        f.conkey[1] AS attnum,
        format(
            '(SELECT ROW(%s)::text FROM %s AS p WHERE p.%I = t.',
            string_agg(format('p.%I', c.attname), ', ' ORDER BY c.attname),
            key.relation_name,
            key.attname
        ) AS query
    FROM pg_constraint AS f
    INNER JOIN table_columns AS key
        ON f.confrelid = key.attrelid AND f.confkey = ARRAY[key.attnum] AND key.attidentity <> ''
    INNER JOIN row_columns AS c ON f.confrelid = c.attrelid
    WHERE f.contype = 'f'
    GROUP BY f.oid, f.conrelid, f.conkey, key.relation_name, key.attname
),

compared AS (
    SELECT
        c.relation_name,
        string_agg(
            CASE
                WHEN p.query IS NULL THEN format('t.%I', c.attname)
                ELSE format('%s%I)', p.query, c.attname)
            END,
            ', ' ORDER BY c.attname
        ) AS expressions
    FROM row_columns AS c
    LEFT JOIN parents AS p ON c.attrelid = p.conrelid AND c.attnum = p.attnum
    GROUP BY c.relation_name
)

SELECT
    format(
        'SELECT %L, concat_ws('' | '', count(*), sum(hashtextextended(ROW(%s)::text, 0))) '
        'FROM %s AS t',
        'rows of ' || c.relation_name, c.expressions, c.relation_name
    ) AS query
FROM compared AS c;
