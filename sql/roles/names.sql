-- The names of the four roles, for the scripts beside this one: psql -v prefix=staging_ begins them
-- otherwise.
\set ON_ERROR_STOP on
\if :{?prefix}
\else
\set prefix gestorlead_
\endif
\set app :prefix app
\set worker :prefix worker
\set readonly :prefix readonly
\set owner :prefix owner
