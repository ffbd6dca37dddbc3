-- Source: publishes the tenant's rows and their changes. The slot keeps WAL from now on, until finish.sql
-- or cancel.sql; it waits for transactions that are writing.
\set ON_ERROR_STOP on
\ir both.sql
SELECT
    :'phase' = 'none' AS begins,
    :'phase' IN ('none', 'published') AS publishes,
    :'phase' = 'cancelled' AS is_cancelled
\gset
\if :is_cancelled
    DO $$ BEGIN RAISE 'The move is being cancelled: nothing was changed.'
    USING HINT = 'Run cancel to its end first.'; END $$;
\endif
\if :begins
    -- A slot of a move that was cancelled, and cut off then.
    SELECT pg_drop_replication_slot(slot_name)
    FROM pg_replication_slots
    WHERE slot_name = :'name'
    \g /dev/null
    SET client_min_messages = warning;
    DROP PUBLICATION IF EXISTS :"name";
    RESET client_min_messages;
\endif
\if :publishes
    BEGIN;
    SET LOCAL lock_timeout = '10s';
    SET LOCAL synchronous_commit = on;
    INSERT INTO tenants.moves AS m (user_id, state, peer, peer_name)
    VALUES (:tenant, 'leaving', :'target_id', :'target_name')
    ON CONFLICT (user_id) DO UPDATE
    SET
        state = excluded.state, peer = excluded.peer, peer_name = excluded.peer_name, attempt = 0,
        since = excluded.since, began = excluded.began
    WHERE m.state = 'arrived';
    SELECT
        format(
            'CREATE PUBLICATION %I FOR TABLE %s WITH (publish_via_partition_root)', :'name',
            string_agg(format('%s WHERE (%I = %s)', t.table_id, t.tenant_column, :tenant), ', ')
        )
    FROM tenants.tables AS t
    WHERE NOT EXISTS (SELECT FROM pg_publication WHERE pubname = :'name')
    HAVING count(*) > 0
    \gexec
    COMMIT;
    SELECT pg_create_logical_replication_slot(:'name', 'pgoutput')
    WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = :'name')
    \g /dev/null
    \echo The source publishes the tenant.
\endif
