-- What a database is said to hold.
SELECT shobj_description(d.oid, 'pg_database') AS label
FROM pg_database AS d
WHERE d.datname = %(name)s;
