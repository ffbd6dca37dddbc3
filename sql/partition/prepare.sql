-- Step 1 of 5. Makes tasks and generated_content anew in the schema partitioning, in 32 partitions by
-- hash of user_id, empty and with everything that the tables have. docs/scale-out.md shows the steps.
-- Run it as the role that owns the tables:
--
--     psql -X -f sql/partition/prepare.sql "$DATABASE_URL"
--
-- The number of partitions is another one by `-v partitions=64`. If it is cut off, or if policies,
-- privileges or references of the tables have changed since, run it again. end.sql undoes it.
\ir settings.sql
\if :{?partitions}
\else
\set partitions 32
\endif
SELECT to_regnamespace('partitioning') IS NULL AS is_new \gset
\if :is_new
BEGIN;
\ir before.sql
CREATE SCHEMA partitioning;
COMMENT ON SCHEMA partitioning IS
'The other form of tasks and generated_content, until sql/partition/end.sql drops it.';
CREATE SCHEMA partitions;
COMMENT ON SCHEMA partitions IS 'The partitions of tasks and generated_content: ask those.';

CREATE TABLE partitioning.tasks
(LIKE public.tasks INCLUDING ALL EXCLUDING INDEXES EXCLUDING STATISTICS)
PARTITION BY HASH (user_id);
CREATE TABLE partitioning.generated_content
(LIKE public.generated_content INCLUDING ALL EXCLUDING INDEXES EXCLUDING STATISTICS)
PARTITION BY HASH (user_id);
SELECT
    format(
        'CREATE TABLE partitions.%I PARTITION OF partitioning.%I '
        'FOR VALUES WITH (MODULUS %s, REMAINDER %s)%s',
        c.relname || '_' || lpad(n.number::text, length((:partitions - 1)::text), '0'),
        c.relname, :partitions, n.number,
        ' WITH (' || nullif(array_to_string(
            c.reloptions || array(SELECT 'toast.' || o.option FROM unnest(t.reloptions) AS o (option)),
            ', '
        ), '') || ')'
    )
FROM pg_class AS c
LEFT JOIN pg_class AS t ON c.reltoastrelid = t.oid
CROSS JOIN generate_series(0, :partitions - 1) AS n (number)
WHERE c.oid = ANY (:'leaders'::regclass[])
ORDER BY c.relname DESC, n.number
\gexec

-- A key of a partitioned table contains the column that it is partitioned by.
ALTER TABLE partitioning.tasks ADD CONSTRAINT pk_tasks PRIMARY KEY (user_id, id);
ALTER TABLE partitioning.generated_content
ADD CONSTRAINT pk_generated_content PRIMARY KEY (user_id, id),
ADD CONSTRAINT uq_generated_content_task_id UNIQUE (user_id, task_id);

-- The other indexes, but for the one that is the primary key now.
SELECT
    replace(pg_get_indexdef(i.indexrelid), ' ON public.', ' ON partitioning.'),
    format(
        'COMMENT ON INDEX partitioning.%I IS %L', x.relname, obj_description(x.oid, 'pg_class')
    )
FROM pg_index AS i
INNER JOIN pg_class AS x ON i.indexrelid = x.oid
LEFT JOIN pg_constraint AS c ON x.oid = c.conindid AND i.indrelid = c.conrelid
WHERE
    i.indrelid = ANY (:'leaders'::regclass[])
    AND i.indisvalid
    AND c.oid IS NULL
    AND x.relname <> 'uq_tasks_user_id_id'
ORDER BY x.relname
\gexec

-- Statistics of several columns: the planner asks those of each partition.
SELECT
    regexp_replace(
        pg_get_statisticsobjdef(s.oid),
        '^CREATE STATISTICS \S+ (.*) FROM \S+$',
        format(
            'CREATE STATISTICS %s.%I \1 FROM %s', p.place, s.stxname || p.suffix, p.partition_id
        )
    ),
    format('ALTER STATISTICS %s.%I SET STATISTICS %s', p.place, s.stxname || p.suffix, t.target),
    format(
        'COMMENT ON STATISTICS partitioning.%I IS %L', s.stxname, obj_description(s.oid, 'pg_statistic_ext')
    )
FROM pg_statistic_ext AS s
INNER JOIN pg_class AS c ON s.stxrelid = c.oid
CROSS JOIN LATERAL (SELECT coalesce(s.stxstattarget, -1) AS target) AS t
CROSS JOIN LATERAL (
    SELECT
        r.relid AS partition_id,
        CASE r.level WHEN 0 THEN 'partitioning' ELSE 'partitions' END AS place,
        CASE r.level WHEN 0 THEN '' ELSE substring(r.relid::text, '_\d+$') END AS suffix
    FROM pg_partition_tree(format('partitioning.%I', c.relname)::regclass) AS r
) AS p
WHERE s.stxrelid = ANY (:'leaders'::regclass[])
ORDER BY s.stxname, p.partition_id
\gexec

\ir follow.sql
COMMIT;
\endif

-- What is not on the new tables yet, a statement each: a reference locks the table that it refers to
-- for as long as it takes to create it.
\ir like_the_leaders.sql
