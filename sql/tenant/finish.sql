-- After the switch: removes the subscription, the slot and the publication, and then the tenant's rows
-- from the source, in batches of `batch` rows (by default 5000), references first.
\set ON_ERROR_STOP on
\ir both.sql
SELECT :'phase' = 'switched' AS finishes \gset
\if :finishes
    -- First nobody follows the source any more; then its rows go.
    \connect :target
    \ir drop_subscription.sql
    \connect :source
    SET synchronous_commit = on;
    UPDATE tenants.moves
    SET
        state = 'left',
        since = clock_timestamp()
    WHERE
        user_id = :tenant
        AND state = 'closed';
    \ir drop_publication.sql
    CALL tenants.remove(:tenant, :batch);
    \echo The source has no row of the tenant any more.
\else
    DO $$ BEGIN RAISE 'The target is not the home of the tenant yet: nothing was changed.'; END $$;
\endif
