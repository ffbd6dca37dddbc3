-- Tables for which ANALYZE would read ten times as many rows or more, for the sake of statistics of
-- several columns that have a target of their own: a column of those, and all others.
SELECT
    s.stxrelid::regclass::text AS table_name,
    (array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attnum = s.stxkeys[0]))[1] AS one,
    array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attnum <> s.stxkeys[0]) AS others
FROM pg_statistic_ext AS s
INNER JOIN pg_attribute AS a ON s.stxrelid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped
WHERE
    s.stxstattarget >= 1000
    AND s.stxkeys[0] IS NOT NULL
    AND NOT EXISTS (
        SELECT 1
        FROM pg_statistic_ext AS o
        WHERE
            s.stxrelid = o.stxrelid
            AND s.oid <> o.oid
    )
GROUP BY s.oid, s.stxrelid, s.stxkeys;
