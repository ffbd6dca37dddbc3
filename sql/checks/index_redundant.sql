-- No index is the beginning of another one on the same rows: the longer answers the same queries,
-- and every write pays for both. One that enforces uniqueness is redundant only beside its double.
WITH key_texts AS (
    SELECT
        i.indexrelid,
        array_agg(pg_get_indexdef(i.indexrelid, k.ordinal, FALSE) ORDER BY k.ordinal) AS key_list
    FROM pg_index AS i
    CROSS JOIN LATERAL generate_series(1, i.indnkeyatts) AS k (ordinal)
    GROUP BY i.indexrelid
),

-- The slices from 0 are copies that count from 1: arrays that count otherwise are never equal.
indexes AS (
    SELECT
        i.*,
        k.key_list,
        m.amname,
        i.indnkeyatts AS width,
        (i.indclass::oid[])[0:] AS classes,
        (i.indcollation::oid[])[0:] AS collations,
        (i.indoption::smallint[])[0:] AS orders,
        (i.indkey::smallint[])[i.indnkeyatts:] AS included,
        pg_get_expr(i.indpred, i.indrelid) AS predicate
    FROM pg_index AS i
    INNER JOIN key_texts AS k ON i.indexrelid = k.indexrelid
    INNER JOIN pg_class AS r ON i.indexrelid = r.oid
    INNER JOIN pg_am AS m ON r.relam = m.oid
    WHERE r.relnamespace = 'public'::regnamespace
)

SELECT
    a.indexrelid::regclass::text AS redundant_index,
    b.indexrelid::regclass::text AS beside
FROM indexes AS a
INNER JOIN indexes AS b
    ON
        a.indrelid = b.indrelid
        AND a.indexrelid <> b.indexrelid
        AND a.amname = b.amname
        AND a.predicate IS NOT DISTINCT FROM b.predicate
        AND a.key_list = b.key_list[1:a.width]
        AND a.classes = b.classes[1:a.width]
        AND a.collations = b.collations[1:a.width]
        AND a.included <@ b.included
WHERE
    b.indisvalid
    AND (a.amname = 'btree' OR a.width = b.width)
    AND (NOT a.indisunique OR (b.indisunique AND a.width = b.width))
    -- In the same order, or throughout in the reverse, which a scan backwards gives: DESC and NULLS
    -- FIRST are two bits, and 3 minus them has each the other way round.
    AND (
        SELECT bool_and(o.own = o.other) OR bool_and(o.own = 3 - o.other)
        FROM unnest(a.orders, b.orders[1:a.width]) AS o (own, other)
    );
