-- Takes from app, worker and readonly whatever they may do in this database. grants.sql begins with
-- it, and take_back.sql. Who acts as the role owner leaves what the owner of the database granted.
\ir names.sql
SELECT pg_has_role(d.datdba, 'USAGE') AS owns_database
FROM pg_database AS d
WHERE d.datname = current_database()
\gset
SELECT
    format(
        'REVOKE ALL ON %s %s FROM %I',
        CASE d.classid
            WHEN 'pg_class'::regclass THEN 'TABLE'
            WHEN 'pg_proc'::regclass THEN 'ROUTINE'
            WHEN 'pg_type'::regclass THEN 'TYPE'
            WHEN 'pg_namespace'::regclass THEN 'SCHEMA'
            WHEN 'pg_database'::regclass THEN 'DATABASE'
        END,
        CASE d.classid
            WHEN 'pg_class'::regclass THEN d.objid::regclass::text
            WHEN 'pg_proc'::regclass THEN d.objid::regprocedure::text
            WHEN 'pg_type'::regclass THEN d.objid::regtype::text
            WHEN 'pg_namespace'::regclass THEN d.objid::regnamespace::text
            WHEN 'pg_database'::regclass THEN quote_ident(current_database())
        END,
        r.rolname
    )
FROM pg_shdepend AS d
INNER JOIN pg_roles AS r ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid
INNER JOIN pg_database AS b ON b.datname = current_database()
WHERE
    r.rolname IN (:'app', :'worker', :'readonly')
    AND d.deptype = 'a'
    AND (
        d.classid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass)
        OR (:'owns_database' AND d.classid IN ('pg_namespace'::regclass, 'pg_database'::regclass))
    )
    AND (d.dbid = b.oid OR (d.classid = 'pg_database'::regclass AND d.objid = b.oid))
GROUP BY d.classid, d.objid, r.rolname
\gexec
