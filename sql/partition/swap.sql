-- Step 4 of 5. Lets the two forms change places, in one transaction:
--
--     psql -X -f sql/partition/swap.sql "$DATABASE_URL"
--
-- The tables are locked for that moment; docs/scale-out.md says for how long. If a lock is not to be had in
-- 1.5 s (`-v lock_timeout=3s`), nothing is changed: run it again. From then on the old tables follow the
-- new ones. So this script is the way back, too, until end.sql drops what follows.
\ir prepared.sql
DO $$
BEGIN
    IF NOT (SELECT bool_and(is_same) FROM partitioning.progress) THEN
        RAISE 'Nothing was changed: the rows are not compared yet.' USING HINT = 'Run check.sql first.';
    END IF;
END
$$;
\ir differences.sql
SELECT :ROW_COUNT > 0 AS differ \gset
\if :differ
    DO $$
    BEGIN
        RAISE 'Nothing was changed: the tables differ in what is listed above.'
            USING HINT = 'Run prepare.sql, and this again. If columns, checks or indexes were changed '
            'since prepare.sql, run end.sql and begin anew.';
    END
    $$;
\endif
-- The views that read the tables, and their text.
CREATE TEMPORARY TABLE views AS
SELECT DISTINCT
    v.oid::regclass::text AS view_name,
    format(
        'CREATE OR REPLACE VIEW %s%s AS %s',
        v.oid::regclass, ' WITH (' || array_to_string(v.reloptions, ', ') || ')', pg_get_viewdef(v.oid)
    ) AS statement
FROM pg_depend AS d
INNER JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
INNER JOIN pg_class AS v ON w.ev_class = v.oid
WHERE
    d.refclassid = 'pg_class'::regclass
    AND d.refobjid = ANY (:'leaders'::regclass[]);

BEGIN;
-- A session locks a view before what it reads.
SELECT format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', v.view_name) FROM views AS v \gexec
LOCK TABLE public.tasks, public.generated_content IN ACCESS EXCLUSIVE MODE;
DROP TRIGGER tr_tasks_followed ON public.tasks;
DROP TRIGGER tr_tasks_not_truncated ON public.tasks;
DROP TRIGGER tr_generated_content_followed ON public.generated_content;
DROP TRIGGER tr_generated_content_not_truncated ON public.generated_content;

SELECT
    format('ALTER STATISTICS public.%I SET SCHEMA partitions', s.stxname),
    format('ALTER STATISTICS partitioning.%I SET SCHEMA public', s.stxname),
    format('ALTER STATISTICS partitions.%I SET SCHEMA partitioning', s.stxname)
FROM pg_statistic_ext AS s
WHERE s.stxrelid = ANY (:'leaders'::regclass[])
\gexec
ALTER TABLE public.tasks SET SCHEMA partitions;
ALTER TABLE partitioning.tasks SET SCHEMA public;
ALTER TABLE partitions.tasks SET SCHEMA partitioning;
ALTER TABLE public.generated_content SET SCHEMA partitions;
ALTER TABLE partitioning.generated_content SET SCHEMA public;
ALTER TABLE partitions.generated_content SET SCHEMA partitioning;

ALTER TABLE public.tasks ENABLE TRIGGER USER;
ALTER TABLE public.generated_content ENABLE TRIGGER USER;
ALTER TABLE partitioning.tasks DISABLE TRIGGER USER;
ALTER TABLE partitioning.generated_content DISABLE TRIGGER USER;
CALL partitioning.follow('tasks');
CALL partitioning.follow('generated_content');
SELECT v.statement FROM views AS v \gexec
COMMIT;
SELECT
    c.oid::regclass AS table_name,
    CASE c.relkind WHEN 'p' THEN 'partitioned' ELSE 'one table' END AS form
FROM pg_class AS c
WHERE c.oid = ANY (:'leaders'::regclass[]);
