-- What would interfere with rows that are inserted into a table, and how it is set aside and put
-- back: triggers and rules that fire in this session's role, and row security that binds the owner.
WITH found AS (
    SELECT
        'TRIGGER' AS kind,
        t.tgname AS name,
        t.tgenabled AS enabled
    FROM pg_trigger AS t
    WHERE
        t.tgrelid = %(table)s::regclass
        AND NOT t.tgisinternal
        AND t.tgtype & 4 <> 0
    UNION ALL
    SELECT
        'RULE' AS kind,
        r.rulename AS name,
        r.ev_enabled AS enabled
    FROM pg_rewrite AS r
    WHERE
        r.ev_class = %(table)s::regclass
        AND r.ev_type = '3'
)

SELECT
    format('ALTER TABLE %%s DISABLE %%s %%I', %(table)s::regclass, f.kind, f.name) AS aside,
    format(
        'ALTER TABLE %%s ENABLE %%s %%s %%I',
        %(table)s::regclass,
        CASE f.enabled WHEN 'R' THEN 'REPLICA' WHEN 'A' THEN 'ALWAYS' END,
        f.kind,
        f.name
    ) AS back
FROM found AS f
WHERE f.enabled IN ('A', CASE WHEN %(is_replica)s THEN 'R' ELSE 'O' END)
UNION ALL
SELECT
    format('ALTER TABLE %%s NO FORCE ROW LEVEL SECURITY', c.oid::regclass) AS aside,
    format('ALTER TABLE %%s FORCE ROW LEVEL SECURITY', c.oid::regclass) AS back
FROM pg_class AS c
WHERE
    c.oid = %(table)s::regclass
    AND c.relforcerowsecurity
    AND NOT EXISTS (
        SELECT 1
        FROM pg_roles AS r
        WHERE
            r.rolname = current_user
            AND (r.rolsuper OR r.rolbypassrls)
    );
