-- What must be so before anything is changed; included by prepare.sql.
DO $$
DECLARE
    problems text[];
BEGIN
    SELECT array_agg(p.problem ORDER BY p.problem)
    INTO problems
    FROM (
        SELECT
            format(
                'only its owner can: %s belongs to %s', c.oid::regclass, c.relowner::regrole
            ) AS problem
        FROM pg_class AS c
        WHERE
            c.oid IN ('public.tasks'::regclass, 'public.generated_content'::regclass)
            AND pg_get_userbyid(c.relowner) <> current_user
        UNION ALL
        SELECT format('%s is no plain table', c.oid::regclass)
        FROM pg_class AS c
        WHERE
            c.oid IN ('public.tasks'::regclass, 'public.generated_content'::regclass)
            AND (c.relkind <> 'r' OR c.relispartition OR c.relhassubclass)
        UNION ALL
        SELECT
            format(
                '%s has a replica identity of its own: sql/tenant/unprepare.sql ends it',
                c.oid::regclass
            )
        FROM pg_class AS c
        WHERE
            c.oid IN ('public.tasks'::regclass, 'public.generated_content'::regclass)
            AND c.relreplident <> 'd'
        UNION ALL
        SELECT format('public.%s is published by %s: drop it there first', t.tablename, t.pubname)
        FROM pg_publication_tables AS t
        WHERE
            t.schemaname = 'public'
            AND t.tablename IN ('tasks', 'generated_content')
        UNION ALL
        -- Views are made to read the new tables. What else rests on the old ones would stay there.
        SELECT DISTINCT
            format(
                '%s rests on %s',
                pg_describe_object(d.classid, d.objid, 0),
                pg_describe_object(d.refclassid, d.refobjid, 0)
            )
        FROM pg_class AS c
        INNER JOIN pg_depend AS d
            ON
                (d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid)
                OR (d.refclassid = 'pg_type'::regclass AND c.reltype = d.refobjid)
        LEFT JOIN pg_class AS part ON d.classid = 'pg_class'::regclass AND d.objid = part.oid
        LEFT JOIN pg_constraint AS k ON d.classid = 'pg_constraint'::regclass AND d.objid = k.oid
        LEFT JOIN pg_policy AS y ON d.classid = 'pg_policy'::regclass AND d.objid = y.oid
        LEFT JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
        LEFT JOIN pg_class AS v ON w.ev_class = v.oid
        WHERE
            c.oid IN ('public.tasks'::regclass, 'public.generated_content'::regclass)
            AND CASE d.classid
                WHEN 'pg_class'::regclass THEN part.relkind NOT IN ('i', 't')
                WHEN 'pg_constraint'::regclass
                    THEN
                        k.conrelid NOT IN (
                            'public.tasks'::regclass, 'public.generated_content'::regclass
                        )
                WHEN 'pg_policy'::regclass THEN y.polrelid <> c.oid
                WHEN 'pg_rewrite'::regclass THEN v.relkind <> 'v'
                ELSE
                    d.classid NOT IN (
                        'pg_attrdef'::regclass, 'pg_publication_rel'::regclass,
                        'pg_statistic_ext'::regclass, 'pg_trigger'::regclass, 'pg_type'::regclass
                    )
            END
    ) AS p;

    IF problems IS NOT NULL THEN
        RAISE 'Nothing was changed: %', array_to_string(problems, '; ');
    END IF;
END
$$;
