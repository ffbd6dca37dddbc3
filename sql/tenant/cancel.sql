-- Before the switch: opens the source again, and removes the copies from the target.
\set ON_ERROR_STOP on
\ir both.sql
SELECT :'phase' = 'switched' AS is_late \gset
\if :is_late
    DO $$ BEGIN RAISE 'The target is the home of the tenant: nothing was changed.'
    USING HINT = 'Finish the move; then move the tenant back.'; END $$;
\endif
-- From then on no switch can open the target, and the source may be opened.
\connect :target
SET synchronous_commit = on;
DELETE FROM tenants.moves
WHERE
    user_id = :tenant
    AND state = 'reserved';
UPDATE tenants.moves SET state = 'cancelled'
WHERE
    user_id = :tenant
    AND state = 'arriving';
SELECT EXISTS (
    SELECT FROM tenants.moves
    WHERE
        user_id = :tenant
        AND state = 'arrived'
) AS is_late
\gset
\if :is_late
    DO $$ BEGIN RAISE 'The target has just become the home of the tenant: nothing was changed.'; END $$;
\endif

\connect :source
SET synchronous_commit = on;
DELETE FROM tenants.moves
WHERE
    user_id = :tenant
    AND state IN ('leaving', 'closed');
\connect :target
\ir drop_subscription.sql
\connect :source
\ir drop_publication.sql

\connect :target
SELECT EXISTS (
    SELECT FROM tenants.moves
    WHERE
        user_id = :tenant
        AND state = 'cancelled'
) AS has_copies
\gset
\if :has_copies
    CALL tenants.remove(:tenant, :batch);
    DELETE FROM tenants.moves
    WHERE
        user_id = :tenant
        AND state = 'cancelled';
\endif
SELECT :'phase' = 'none' AS is_none \gset
\if :is_none
    \echo No move of the tenant between the two was under way.
\else
    \echo The source is the home of the tenant, and the target has no copy any more.
\endif
