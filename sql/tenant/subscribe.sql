-- Target: copies the tenant's rows, and follows their changes from then on. Other writes for the tenant
-- are rejected there.
\set ON_ERROR_STOP on
\ir both.sql
SELECT :'phase' = 'published' AS subscribes \gset
\if :subscribes
    -- How the target's server reaches the source: as psql does, unless `reach` says another way. No
    -- password is kept: the target's server has it in its own .pgpass, or `reach` names a passfile.
    SELECT
        format(
            'host=%s port=%s dbname=%s user=%s',
            VARIADIC array(
                SELECT '''' || replace(replace(v.value, '\', '\\'), '''', '\''') || ''''
                FROM unnest(ARRAY[:'HOST', :'PORT', :'DBNAME', :'USER']) WITH ORDINALITY AS v (value, place)
                ORDER BY v.place
            )
        ) AS found
    \gset
    \if :{?reach}
    \else
        \set reach :found
    \endif

    \connect :target
    SET synchronous_commit = on;
    -- There are no rows, not of an earlier move either; then nobody else writes any, and there are still
    -- none; only then come copies.
    \ir no_rows.sql
    INSERT INTO tenants.moves AS m (user_id, state, peer, peer_name)
    VALUES (:tenant, 'reserved', :'source_id', :'source_name')
    ON CONFLICT (user_id) DO UPDATE
    SET
        state = excluded.state, peer = excluded.peer, peer_name = excluded.peer_name, attempt = 0,
        since = excluded.since, began = excluded.began
    WHERE m.state = 'left';
    CALL tenants.wait_for_older(:tenant);
    \ir no_rows.sql
    BEGIN;
    UPDATE tenants.moves SET state = 'arriving'
    WHERE
        user_id = :tenant
        AND state = 'reserved';
    SELECT :ROW_COUNT = 1 AS subscribes \gset
    \if :subscribes
        CREATE SUBSCRIPTION :"name" CONNECTION :'reach' PUBLICATION :"name"
        WITH (create_slot = FALSE, slot_name = :'name');
    \endif
    COMMIT;
    \echo The target copies the tenant.
\endif
