-- Step 5 of 5, or the way back at any moment before it. Drops the tables that follow, whichever form
-- they have; those in public stay as they are:
--
--     psql -X -f sql/partition/end.sql "$DATABASE_URL"
--
-- Before swap.sql, that undoes prepare.sql and copy.sql. After it, it drops the old tables. If a lock is not to
-- be had in 1.5 s, or it is cut off, run it again.
\ir settings.sql
SELECT to_regnamespace('partitioning') IS NULL AS is_done \gset
\if :is_done
\echo Nothing is left to be dropped.
\quit
\endif
BEGIN;
-- DROP TRIGGER would lock a partition before its table, and the application does otherwise.
LOCK TABLE public.tasks, public.generated_content IN ACCESS EXCLUSIVE MODE;
DROP TRIGGER IF EXISTS tr_tasks_followed ON public.tasks;
DROP TRIGGER IF EXISTS tr_tasks_not_truncated ON public.tasks;
DROP TRIGGER IF EXISTS tr_generated_content_followed ON public.generated_content;
DROP TRIGGER IF EXISTS tr_generated_content_not_truncated ON public.generated_content;
-- What follows no more can change places no more.
UPDATE partitioning.progress SET is_same = FALSE, is_copied = FALSE;
COMMIT;
-- Each by itself: it locks the table that it refers to, too.
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname)
FROM pg_constraint AS k
WHERE
    k.conrelid = ANY (:'followers'::regclass[])
    AND k.contype = 'f'
    AND k.conparentid = 0
\gexec
BEGIN;
DROP SCHEMA partitioning CASCADE;
SELECT relkind = 'r' AS is_undone FROM pg_class WHERE oid = 'public.tasks'::regclass \gset
\if :is_undone
DROP SCHEMA partitions CASCADE;
\endif
COMMIT;
