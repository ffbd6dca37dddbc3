-- No index has a column of a domain in descending order: SQLAlchemy warns of it when it reflects the
-- table. An index is read backwards as well, so all its columns can be turned round.
SELECT
    i.indexrelid::regclass::text AS index_name,
    a.attname AS column_name
FROM pg_index AS i
CROSS JOIN LATERAL unnest(i.indkey::smallint[], i.indoption::smallint[]) AS k (attnum, options)
INNER JOIN pg_attribute AS a ON i.indrelid = a.attrelid AND k.attnum = a.attnum
INNER JOIN pg_class AS r ON i.indrelid = r.oid
INNER JOIN pg_type AS t ON a.atttypid = t.oid
WHERE
    r.relnamespace = 'public'::regnamespace
    AND t.typtype = 'd'
    AND k.options & 1 = 1;
