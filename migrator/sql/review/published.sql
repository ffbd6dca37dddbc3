-- Tables whose UPDATEs and DELETEs fail: they are published, and nothing identifies their rows.
SELECT
    c.oid,
    string_agg(quote_ident(p.pubname), ', ' ORDER BY p.pubname) AS publications
FROM pg_publication_tables AS t
INNER JOIN pg_publication AS p ON t.pubname = p.pubname
INNER JOIN pg_namespace AS n ON t.schemaname = n.nspname
INNER JOIN pg_class AS c ON n.oid = c.relnamespace AND t.tablename = c.relname
WHERE
    (p.pubupdate OR p.pubdelete)
    AND CASE c.relreplident
        WHEN 'f' THEN FALSE
        WHEN 'n' THEN TRUE
        ELSE NOT EXISTS (
            SELECT FROM pg_index AS i
            WHERE
                i.indrelid = c.oid
                AND CASE c.relreplident WHEN 'i' THEN i.indisreplident ELSE i.indisprimary END
        )
    END
GROUP BY c.oid;
