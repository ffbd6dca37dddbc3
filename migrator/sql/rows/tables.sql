-- The tables that can have rows, and the partitioned ones above them. Names are as search_path
-- writes them; oids below 16384 are the system's.
SELECT
    c.oid::bigint AS relation,
    c.oid::regclass::text AS name,
    c.relkind = 'p' AS is_partitioned,
    (
        SELECT coalesce(array_agg(a.relation::text ORDER BY a.place), '{}')
        FROM pg_partition_ancestors(c.oid) WITH ORDINALITY AS a (relation, place)
        WHERE a.relation <> c.oid
    ) AS above,
    CASE WHEN c.relispartition THEN pg_get_partition_constraintdef(c.oid) END AS bound
FROM pg_class AS c
LEFT JOIN pg_depend AS d
    ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND d.deptype = 'e'
WHERE
    c.relkind IN ('r', 'p')
    AND c.relpersistence <> 't'
    AND c.oid >= 16384
    AND c.relnamespace <> coalesce(to_regnamespace('yoyo')::oid, 0)
    AND c.relnamespace <> 'information_schema'::regnamespace
    AND d.objid IS NULL
ORDER BY c.oid;
