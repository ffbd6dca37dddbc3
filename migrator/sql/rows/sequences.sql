-- The sequences that columns of a table take their numbers from: identity columns' own, and those
-- that defaults name.
SELECT
    a.attname AS column_name,
    d.refobjid::regclass::text AS sequence_name
FROM pg_attribute AS a
INNER JOIN pg_attrdef AS f ON a.attrelid = f.adrelid AND a.attnum = f.adnum
INNER JOIN pg_depend AS d
    ON
        d.classid = 'pg_attrdef'::regclass
        AND f.oid = d.objid
        AND d.refclassid = 'pg_class'::regclass
INNER JOIN pg_class AS c ON d.refobjid = c.oid AND c.relkind = 'S'
WHERE a.attrelid = %(table)s::regclass
UNION
SELECT
    a.attname AS column_name,
    c.oid::regclass::text AS sequence_name
FROM pg_attribute AS a
INNER JOIN pg_depend AS d
    ON
        d.refclassid = 'pg_class'::regclass
        AND a.attrelid = d.refobjid
        AND a.attnum = d.refobjsubid
        AND d.classid = 'pg_class'::regclass
        AND d.deptype = 'i'
INNER JOIN pg_class AS c ON d.objid = c.oid AND c.relkind = 'S'
WHERE
    a.attrelid = %(table)s::regclass
    AND a.attidentity <> '';
