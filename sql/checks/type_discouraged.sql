-- Columns and domains have the types of the conventions, each of which leaves out a known trap:
-- what a type would limit is a CHECK, which can change without a rewrite of the table.
WITH discouraged (type_name, better) AS (
    VALUES
    ('json', 'jsonb'),
    ('timestamp without time zone', 'timestamptz'),
    ('time with time zone', 'timestamptz'),
    ('character varying', 'text with a CHECK'),
    ('character', 'text with a CHECK'),
    ('money', 'integer cents')
),

used AS (
    SELECT
        format('%s.%I', a.attrelid::regclass, a.attname) AS used_by,
        a.atttypid AS type_id
    FROM pg_attribute AS a
    INNER JOIN pg_class AS r ON a.attrelid = r.oid
    WHERE
        r.relnamespace = 'public'::regnamespace
        AND r.relkind IN ('r', 'p')
        AND a.attnum > 0
        AND NOT a.attisdropped
    UNION ALL
    SELECT
        t.oid::regtype::text,
        t.typbasetype
    FROM pg_type AS t
    WHERE
        t.typnamespace = 'public'::regnamespace
        AND t.typtype = 'd'
)

SELECT
    u.used_by,
    format_type(e.oid, NULL) AS type_name,
    coalesce(d.better, 'text with a CHECK') AS better
FROM used AS u
INNER JOIN pg_type AS t ON u.type_id = t.oid
INNER JOIN pg_type AS e ON CASE t.typcategory WHEN 'A' THEN t.typelem ELSE t.oid END = e.oid
LEFT JOIN discouraged AS d ON format_type(e.oid, NULL) = d.type_name
WHERE
    d.type_name IS NOT NULL
    OR e.typtype = 'e';
