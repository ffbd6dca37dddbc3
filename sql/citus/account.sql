-- What must not change, as rows of the temporary table account: the rows of each table with a sum over
-- them, and what the catalogue says of keys, references, checks, triggers and indexes. The variable
-- `moment` names the account.
SELECT
    format(
        'INSERT INTO account SELECT %L, %L, %L, count(*) || %L || '
        'coalesce(sum(hashtextextended(t::text, 0)), 0) FROM public.%I AS t',
        :'moment', 'rows', c.relname, ' rows, sum ', c.relname
    )
FROM pg_class AS c
WHERE
    c.relnamespace = 'public'::regnamespace
    AND c.relkind = 'r'
ORDER BY c.relname
\gexec
INSERT INTO account
SELECT
    :'moment',
    'constraint',
    format('%s of %s', c.conname, c.conrelid::regclass),
    format('%s, validated: %s', pg_get_constraintdef(c.oid), c.convalidated)
FROM pg_constraint AS c
WHERE
    c.connamespace = 'public'::regnamespace
    AND c.conrelid <> 0
    AND NOT relation_is_a_known_shard(c.conrelid)
UNION ALL
SELECT
    :'moment',
    'trigger',
    format('%s of %s', t.tgname, t.tgrelid::regclass),
    format('%s, enabled: %s', pg_get_triggerdef(t.oid), t.tgenabled)
FROM pg_trigger AS t
INNER JOIN pg_class AS c ON t.tgrelid = c.oid
WHERE
    c.relnamespace = 'public'::regnamespace
    AND NOT t.tgisinternal
UNION ALL
SELECT
    :'moment',
    'index',
    i.indexrelid::regclass::text,
    format('%s, valid: %s', pg_get_indexdef(i.indexrelid), i.indisvalid)
FROM pg_index AS i
INNER JOIN pg_class AS c ON i.indrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace;
