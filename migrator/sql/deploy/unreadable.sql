-- Relations that pg_dump could not read whole as this role, with the reason.
SELECT
    c.oid::regclass::text AS name,
    CASE
        WHEN c.relkind = 'S' THEN 'no SELECT on the sequence'
        WHEN row_security_active(c.oid) AND has_table_privilege(c.oid, 'SELECT') THEN 'row security'
        ELSE 'no SELECT'
    END AS reason
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
INNER JOIN pg_roles AS r ON r.rolname = current_user
WHERE
    c.relkind IN ('r', 'p', 'm', 'S')
    AND c.relpersistence <> 't'
    AND n.nspname NOT LIKE 'pg\_%'
    AND n.nspname <> 'information_schema'
    AND NOT r.rolsuper
    AND (
        NOT CASE
            WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, 'SELECT')
            ELSE has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
        END
        OR row_security_active(c.oid)
    )
UNION ALL
SELECT
    format('large object %s', l.oid) AS name,
    'not its owner, no SELECT' AS reason
FROM pg_largeobject_metadata AS l
INNER JOIN pg_roles AS r ON r.rolname = current_user
WHERE
    NOT r.rolsuper
    AND NOT pg_has_role(l.lomowner, 'USAGE')
    AND NOT EXISTS (
        SELECT FROM aclexplode(l.lomacl) AS a
        WHERE
            a.privilege_type = 'SELECT'
            AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE'))
    )
ORDER BY name;
