-- What a database is apart from its contents, which no dump of a single database holds.
SELECT
    d.datdba::regrole::text AS owner_name,
    pg_encoding_to_char(d.encoding) AS encoding,
    d.datlocprovider::text AS locale_provider,
    d.datcollate AS lc_collate,
    d.datctype AS lc_ctype,
    coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') AS locale,
    to_jsonb(d) ->> 'daticurules' AS rules,
    d.datistemplate AS is_template,
    t.spcname::text AS table_space,
    d.datconnlimit AS connection_limit,
    shobj_description(d.oid, 'pg_database') AS description,
    (
        SELECT
            jsonb_agg(
                jsonb_build_object(
                    'grantee', CASE WHEN a.grantee <> 0 THEN a.grantee::regrole::text END,
                    'privilege', a.privilege_type,
                    'grantable', a.is_grantable
                )
            )
        FROM aclexplode(d.datacl) AS a
    ) AS grants,
    (
        SELECT
            coalesce(
                jsonb_agg(
                    jsonb_build_object(
                        'role', CASE WHEN s.setrole <> 0 THEN s.setrole::regrole::text END,
                        'setting', c.setting
                    )
                ),
                '[]'
            )
        FROM pg_db_role_setting AS s
        CROSS JOIN LATERAL unnest(s.setconfig) AS c (setting)
        WHERE s.setdatabase = d.oid
    ) AS settings
FROM pg_database AS d
INNER JOIN pg_tablespace AS t ON d.dattablespace = t.oid
WHERE d.datname = current_database();
