-- What would interfere with rows that are inserted into a table, and how it is set aside and put
-- back: triggers and rules that fire in this session's role.
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
WHERE f.enabled IN ('A', CASE WHEN %(is_replica)s THEN 'R' ELSE 'O' END);
