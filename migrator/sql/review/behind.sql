-- The columns with a unique index of their own that a sequence fills, and a query for each: whether
-- the next number of the sequence is one that the column may have already.
WITH fills AS (
    SELECT
        d.objid AS sequence,
        d.refobjid AS relation,
        d.refobjsubid AS part
    FROM pg_depend AS d
    WHERE
        d.classid = 'pg_class'::regclass
        AND d.refclassid = 'pg_class'::regclass
        AND d.deptype = 'i'
        AND d.refobjsubid > 0
    UNION
    SELECT
        d.refobjid,
        f.adrelid,
        f.adnum
    FROM pg_depend AS d
    INNER JOIN pg_attrdef AS f ON d.objid = f.oid
    WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
)

SELECT
    s.oid AS sequence,
    format(
        'the next numbers of sequence %s are ones that %s.%I has already, where each is unique',
        s.oid::regclass, c.oid::regclass, a.attname
    ) AS words,
    c.oid::regclass::text AS relation,
    format(
        'SELECT (SELECT max(%I) FROM %s) >= last_value + is_called::int * %s FROM %s',
        a.attname, c.oid::regclass, q.seqincrement, s.oid::regclass
    ) AS query
FROM pg_class AS s
INNER JOIN pg_sequence AS q ON s.oid = q.seqrelid AND q.seqincrement > 0
INNER JOIN fills AS l ON s.oid = l.sequence
INNER JOIN pg_class AS c ON l.relation = c.oid
INNER JOIN pg_attribute AS a ON l.relation = a.attrelid AND l.part = a.attnum
INNER JOIN pg_type AS t ON a.atttypid = t.oid AND t.typcategory = 'N'
WHERE
    s.relkind = 'S'
    AND c.relnamespace::regnamespace::text <> 'yoyo'
    AND EXISTS (
        SELECT FROM pg_index AS i
        WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indkey::text = a.attnum::text
    );
