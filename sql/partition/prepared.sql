-- What the steps after the first begin with.
\ir settings.sql
SELECT to_regnamespace('partitioning') IS NULL AS is_bare \gset
\if :is_bare
    DO $$ BEGIN RAISE 'Nothing was changed: the tables are not prepared.'
    USING HINT = 'Run sql/partition/prepare.sql first.'; END $$;
\endif
