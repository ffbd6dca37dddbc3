-- Whether an index of a table is valid, and its quoted and qualified name; no row where there is none.
SELECT
    i.indisvalid AND i.indisready AS is_valid,
    format('%%I.%%I', n.nspname, c.relname) AS index_name
FROM pg_index AS i
INNER JOIN pg_class AS c ON i.indexrelid = c.oid
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    i.indrelid = to_regclass(%(table)s)
    AND c.relname = (parse_ident(%(index)s))[1];
