-- The references between tables, by the names of the columns on both sides.
SELECT
    k.conrelid::bigint AS relation,
    k.confrelid::regclass::text AS table,
    k.confmatchtype = 'f' AS is_full,
    array_agg(a.attname::text ORDER BY e.place) AS columns,
    array_agg(b.attname::text ORDER BY e.place) AS referenced
FROM pg_constraint AS k
LEFT JOIN pg_constraint AS whole ON k.conparentid = whole.oid
CROSS JOIN unnest(k.conkey, k.confkey) WITH ORDINALITY AS e (attnum, referenced_attnum, place)
INNER JOIN pg_attribute AS a ON k.conrelid = a.attrelid AND e.attnum = a.attnum
INNER JOIN pg_attribute AS b ON k.confrelid = b.attrelid AND e.referenced_attnum = b.attnum
WHERE
    k.contype = 'f'
    -- Not one that a reference to a partitioned table brings along for each partition.
    AND whole.conrelid IS DISTINCT FROM k.conrelid
GROUP BY k.oid, k.conrelid, k.confrelid, k.confmatchtype, k.conname
ORDER BY k.conname, k.oid;
