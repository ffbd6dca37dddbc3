-- What a database is apart from its contents, which no dump of a single database holds: the
-- statements that make another one like it, each as the text before and after that one's name.
WITH this AS (
    SELECT
        d.*,
        to_jsonb(d) AS properties -- which columns there are depends on the version
    FROM pg_database AS d
    WHERE d.datname = current_database()
),

setting AS (
    SELECT
        nullif(s.setrole, 0)::regrole AS role_name,
        c.place,
        split_part(c.setting, '=', 1) AS name,
        substring(c.setting FROM position('=' IN c.setting) + 1) AS value
    FROM this
    INNER JOIN pg_db_role_setting AS s ON this.oid = s.setdatabase
    CROSS JOIN LATERAL unnest(s.setconfig) WITH ORDINALITY AS c (setting, place)
),

-- SET wants the values of some settings as a list of names, as they are kept.
list AS (
    SELECT
        s.role_name,
        s.name,
        string_agg(
            quote_literal(coalesce(replace(i.item[1], '""', '"'), i.item[2])), ', '
            ORDER BY i.place
        ) AS value
    FROM setting AS s
    CROSS JOIN
        LATERAL
        regexp_matches(s.value, '"((?:[^"]|"")*)"|([^,\s"]+)', 'g')
        WITH ORDINALITY AS i (item, place)
    WHERE
        s.name IN (
            'local_preload_libraries', 'search_path', 'session_preload_libraries',
            'shared_preload_libraries', 'temp_tablespaces', 'unix_socket_directories'
        )
    GROUP BY s.role_name, s.name
),

dress AS (
    SELECT
        1 AS place,
        'COMMENT ON DATABASE ' AS head,
        ' IS ' || quote_literal(shobj_description(this.oid, 'pg_database')) AS tail
    FROM this
    UNION ALL
    SELECT
        2 + s.place AS place,
        coalesce('ALTER ROLE ' || s.role_name || ' IN DATABASE ', 'ALTER DATABASE ') AS head,
        format(' SET %I TO %s', s.name, coalesce(l.value, quote_literal(s.value))) AS tail
    FROM setting AS s
    LEFT JOIN list AS l
        ON s.name = l.name AND s.role_name IS NOT DISTINCT FROM l.role_name
    UNION ALL
    SELECT
        10001 AS place,
        'REVOKE ALL ON DATABASE ' AS head,
        ' FROM PUBLIC' AS tail
    FROM this
    WHERE this.datacl IS NOT NULL
    UNION ALL
    SELECT
        10002 AS place,
        'GRANT ' || a.privilege_type || ' ON DATABASE ' AS head,
        ' TO ' || coalesce(nullif(a.grantee, 0)::regrole::text, 'PUBLIC')
        || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS tail
    FROM this
    CROSS JOIN LATERAL aclexplode(this.datacl) AS a
)

SELECT
    jsonb_build_array(
        'CREATE DATABASE ',
        concat_ws(
            ' ',
            ' TEMPLATE template0',
            'OWNER = ' || this.datdba::regrole,
            'ENCODING = ' || quote_literal(pg_encoding_to_char(this.encoding)),
            'LOCALE_PROVIDER = '
            || CASE this.datlocprovider
                WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' ELSE 'builtin'
            END,
            'LC_COLLATE = ' || quote_literal(this.datcollate),
            'LC_CTYPE = ' || quote_literal(this.datctype),
            CASE this.datlocprovider WHEN 'i' THEN 'ICU_LOCALE = ' ELSE 'BUILTIN_LOCALE = ' END
            || quote_literal(
                coalesce(this.properties ->> 'datlocale', this.properties ->> 'daticulocale')
            ),
            'ICU_RULES = ' || quote_literal(this.properties ->> 'daticurules'),
            'TABLESPACE = ' || quote_ident(nullif(t.spcname, 'pg_default'))
        )
    ) AS creation,
    -- A new database has it, and no dump says that it was dropped.
    to_regnamespace('public') IS NOT NULL AS has_public,
    -- A copy that is dropped soon does without these.
    jsonb_build_array(
        jsonb_build_array('ALTER DATABASE ', ' CONNECTION LIMIT ' || this.datconnlimit),
        jsonb_build_array('ALTER DATABASE ', ' IS_TEMPLATE ' || this.datistemplate)
    ) AS limits,
    (
        SELECT coalesce(jsonb_agg(jsonb_build_array(d.head, d.tail) ORDER BY d.place), '[]')
        FROM dress AS d
        WHERE d.tail IS NOT NULL
    ) AS dress
FROM this
INNER JOIN pg_tablespace AS t ON this.dattablespace = t.oid;
