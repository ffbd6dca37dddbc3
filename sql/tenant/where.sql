-- Where the tenant's writes are accepted, as each database says by itself.
\set ON_ERROR_STOP on
\set QUIET on
\pset footer off
\connect :source
\ir home.sql
\connect :target
\ir home.sql
