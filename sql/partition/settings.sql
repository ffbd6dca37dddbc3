-- What the scripts beside this one begin with.
\set ON_ERROR_STOP on
\set QUIET on
-- A name without a schema is PostgreSQL's own, so that definitions are read with their schemas.
SET search_path = pg_catalog, pg_temp;
SET client_min_messages = warning;
-- Who may not see all rows gets an error, instead of a copy of some.
SET row_security = off;
-- Who waits for a lock keeps others waiting. An autovacuum gives way after deadlock_timeout, 1 s.
\if :{?lock_timeout}
\else
\set lock_timeout 1500ms
\endif
SELECT set_config('lock_timeout', :'lock_timeout', FALSE) \gset
\set leaders '{public.tasks,public.generated_content}'
\set followers '{partitioning.tasks,partitioning.generated_content}'
