-- The schema as sums over the catalogue: it locks no relation. Left out: what vacuum and statistics
-- change by themselves, temporary tables, and the history.
WITH
spaces AS (
    SELECT n.oid
    FROM pg_namespace AS n
    WHERE
        n.nspname NOT LIKE 'pg\_%'
        AND n.nspname NOT IN ('information_schema', 'yoyo')
),

relations AS (
    SELECT c.*
    FROM pg_class AS c
    INNER JOIN spaces AS s ON c.relnamespace = s.oid
),

facts (kind, fact) AS (
    SELECT
        'pg_namespace',
        to_jsonb(n)
    FROM pg_namespace AS n
    INNER JOIN spaces AS s ON n.oid = s.oid
    UNION ALL
    SELECT
        'pg_class',
        to_jsonb(r) - '{relpages,reltuples,relallvisible,relallfrozen,relfrozenxid,relminmxid,
        relfilenode,relhasindex,relhasrules,relhastriggers,relhassubclass}'::text[]
    FROM relations AS r
    UNION ALL
    SELECT
        'pg_attribute',
        to_jsonb(a) || jsonb_build_object(
            'attoptions',
            array(
                SELECT o.option
                FROM unnest(a.attoptions) AS o (option)
                WHERE o.option NOT LIKE 'pg\_attver=%'  -- 15.20's own, another after each change
            )
        )
    FROM pg_attribute AS a
    INNER JOIN relations AS r ON a.attrelid = r.oid
    UNION ALL
    SELECT
        'pg_attrdef',
        to_jsonb(d)
    FROM pg_attrdef AS d
    INNER JOIN relations AS r ON d.adrelid = r.oid
    UNION ALL
    SELECT
        'pg_index',
        to_jsonb(i) - 'indcheckxmin'
    FROM pg_index AS i
    INNER JOIN relations AS r ON i.indexrelid = r.oid
    UNION ALL
    SELECT
        'pg_constraint',
        to_jsonb(c)
    FROM pg_constraint AS c
    INNER JOIN spaces AS s ON c.connamespace = s.oid
    UNION ALL
    SELECT
        'pg_trigger',
        to_jsonb(t)
    FROM pg_trigger AS t
    INNER JOIN relations AS r ON t.tgrelid = r.oid
    UNION ALL
    SELECT
        'pg_rewrite',
        to_jsonb(w)
    FROM pg_rewrite AS w
    INNER JOIN relations AS r ON w.ev_class = r.oid
    UNION ALL
    SELECT
        'pg_policy',
        to_jsonb(p)
    FROM pg_policy AS p
    INNER JOIN relations AS r ON p.polrelid = r.oid
    UNION ALL
    SELECT
        'pg_sequence',
        to_jsonb(q)
    FROM pg_sequence AS q
    INNER JOIN relations AS r ON q.seqrelid = r.oid
    UNION ALL
    SELECT
        'pg_inherits',
        to_jsonb(h)
    FROM pg_inherits AS h
    INNER JOIN relations AS r ON h.inhrelid = r.oid
    UNION ALL
    SELECT
        'pg_proc',
        to_jsonb(p)
    FROM pg_proc AS p
    INNER JOIN spaces AS s ON p.pronamespace = s.oid
    UNION ALL
    SELECT
        'pg_type',
        to_jsonb(t)
    FROM pg_type AS t
    INNER JOIN spaces AS s ON t.typnamespace = s.oid
    UNION ALL
    SELECT
        'pg_enum',
        to_jsonb(e)
    FROM pg_enum AS e
    UNION ALL
    SELECT
        'pg_statistic_ext',
        to_jsonb(x)
    FROM pg_statistic_ext AS x
    INNER JOIN spaces AS s ON x.stxnamespace = s.oid
    UNION ALL
    SELECT
        'pg_event_trigger',
        to_jsonb(v)
    FROM pg_event_trigger AS v
    UNION ALL
    SELECT
        'pg_extension',
        to_jsonb(e)
    FROM pg_extension AS e
)

SELECT
    f.kind,
    count(*) AS facts,
    sum(hashtextextended(f.fact::text, 0))::text AS total
FROM facts AS f
GROUP BY f.kind
ORDER BY f.kind;
