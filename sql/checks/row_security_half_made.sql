-- Row security is off for all tables of the users' own rows (users, and what refers to it by user_id),
-- or it is on for all of them just as sql/roles/row_security.sql makes it: that script completes it,
-- row_security_off.sql takes it away.
WITH tables AS (
    SELECT
        c.oid AS table_id,
        c.relrowsecurity AND c.relforcerowsecurity AS is_on,
        c.relrowsecurity OR c.relforcerowsecurity AS is_begun,
        c.relowner AS owner_id,
        CASE c.relname WHEN 'users' THEN 'id' ELSE 'user_id' END AS user_column
    FROM pg_class AS c
    WHERE
        c.oid = 'public.users'::regclass
        OR c.oid IN (
            SELECT f.conrelid
            FROM pg_constraint AS f
            INNER JOIN pg_attribute AS a ON f.conrelid = a.attrelid AND f.conkey @> ARRAY[a.attnum]
            WHERE
                f.confrelid = 'public.users'::regclass
                AND f.conparentid = 0 -- no partition: its table is asked
                AND a.attname = 'user_id'
        )
),

expected AS (
    SELECT
        t.table_id,
        p.policy_name,
        p.command,
        p.role_comment,
        CASE p.policy_name WHEN 'owner' THEN t.owner_id ELSE 0 END AS role_id,
        format(p.condition, t.user_column) AS condition
    FROM tables AS t
    CROSS JOIN (
        VALUES
        (
            'own_rows', '*', NULL,
            '(%s = (NULLIF(current_setting(''app.user_id''::text, true), ''''::text))::bigint)'
        ),
        ('owner', '*', NULL, '(CURRENT_USER <> SESSION_USER)'),
        ('readonly', 'r', 'GestorLead Studio, readonly:%', 'true'),
        ('worker', '*', 'GestorLead Studio, worker:%', 'true')
    ) AS p (policy_name, command, role_comment, condition)
),

found AS (
    SELECT
        p.polrelid AS table_id,
        p.polname AS policy_name,
        p.polcmd::text AS command,
        p.polroles,
        pg_get_expr(p.polqual, p.polrelid) AS condition,
        p.polpermissive AND p.polwithcheck IS NULL AS is_plain
    FROM pg_policy AS p
    WHERE p.polrelid IN (SELECT t.table_id FROM tables AS t)
),

begun AS (
    SELECT bool_or(t.is_begun) OR EXISTS (SELECT FROM found) AS has_begun
    FROM tables AS t
)

SELECT
    coalesce(e.table_id, f.table_id)::regclass::text AS table_name,
    coalesce(e.policy_name, f.policy_name) AS policy_name,
    CASE
        WHEN f.policy_name IS NULL THEN 'policy is missing'
        WHEN e.policy_name IS NULL THEN 'policy is unexpected'
        ELSE 'policy differs'
    END AS problem
FROM expected AS e
FULL JOIN found AS f ON e.table_id = f.table_id AND e.policy_name = f.policy_name
CROSS JOIN begun AS b
WHERE
    b.has_begun
    AND NOT coalesce(
        f.is_plain
        AND e.command = f.command
        AND e.condition = f.condition
        AND (
            f.polroles = ARRAY[e.role_id]
            OR (
                cardinality(f.polroles) = 1
                AND shobj_description(f.polroles[1], 'pg_authid') LIKE e.role_comment
            )
        ),
        FALSE
    )
UNION ALL
SELECT
    t.table_id::regclass::text AS table_name,
    'row security' AS policy_name,
    'is not on, or not forced' AS problem
FROM tables AS t
CROSS JOIN begun AS b
WHERE
    NOT t.is_on
    AND b.has_begun
ORDER BY table_name, policy_name;
