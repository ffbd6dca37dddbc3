-- Finds out how far the move of :tenant from :source to :target is; every script of a move begins with
-- it. It ends on the source, and sets
--     phase        none, published, copying, switched, cancelled
--     name         of the publication, the subscription and the slot
--     source_id, target_id, source_name, target_name
--     batch        how many rows are removed in one transaction, where it is not given
\set ON_ERROR_STOP on
\set QUIET on
\pset footer off
\if :{?batch}
\else
    \set batch 5000
\endif

\connect :target
SELECT to_regclass('tenants.moves') IS NULL AS is_bare \gset
\if :is_bare
    DO $$ BEGIN RAISE 'The target is not prepared.' USING HINT = 'Run sql/tenant/prepare.sql on it.'; END $$;
\endif
SELECT
    c.system_identifier || '.' || d.oid AS target_id,
    c.system_identifier AS target_server,
    d.datname AS target_name,
    coalesce(m.state, 'none') AS target_state,
    coalesce(m.peer, '') AS target_peer
FROM pg_control_system() AS c
INNER JOIN pg_database AS d ON d.datname = current_database()
LEFT JOIN tenants.moves AS m ON m.user_id = :tenant
\gset

\connect :source
SELECT to_regclass('tenants.moves') IS NULL AS is_bare \gset
\if :is_bare
    DO $$ BEGIN RAISE 'The source is not prepared.' USING HINT = 'Run sql/tenant/prepare.sql on it.'; END $$;
\endif
SELECT
    c.system_identifier || '.' || d.oid AS source_id,
    d.datname AS source_name,
    format('tenant_%s_%s', :tenant, d.oid) AS name,
    coalesce(m.state, 'none') AS source_state,
    coalesce(m.peer, '') AS source_peer
FROM pg_control_system() AS c
INNER JOIN pg_database AS d ON d.datname = current_database()
LEFT JOIN tenants.moves AS m ON m.user_id = :tenant
\gset

-- An earlier move, which has ended, may have left the states arrived and left with another peer.
SELECT
    CASE
        WHEN :'source_id' = :'target_id' THEN 'one database'
        WHEN NOT p.source_fits OR NOT p.target_fits THEN 'other'
        WHEN s.target_state = 'cancelled' THEN 'cancelled'
        WHEN s.source_state = 'none' AND s.target_state IN ('reserved', 'arriving') THEN 'cancelled'
        WHEN s.source_state IN ('none', 'arrived') AND s.target_state IN ('none', 'left') THEN 'none'
        WHEN s.source_state IN ('leaving', 'closed') AND s.target_state IN ('none', 'left', 'reserved')
            THEN 'published'
        WHEN s.source_state IN ('leaving', 'closed') AND s.target_state = 'arriving' THEN 'copying'
        WHEN s.source_state IN ('closed', 'left') AND s.target_state = 'arrived' THEN 'switched'
        ELSE 'other'
    END AS phase
FROM (VALUES (:'source_state', :'target_state')) AS s (source_state, target_state)
CROSS JOIN LATERAL (
    SELECT
        s.source_state IN ('none', 'arrived') OR :'source_peer' = :'target_id' AS source_fits,
        s.target_state IN ('none', 'left') OR :'target_peer' = :'source_id' AS target_fits
) AS p
\gset
SELECT
    set_config('tenants.says', format(
        'Tenant %s is %s in the source, and %s in the target: this is not a move between the two.',
        :'tenant', :'source_state', :'target_state'
    ), FALSE),
    :'phase' = 'one database' AS is_same,
    :'phase' = 'other' AS is_other
\gset
\if :is_same
    DO $$ BEGIN RAISE 'Source and target are the same database.'; END $$;
\endif
\if :is_other
    DO $$ BEGIN RAISE '%', current_setting('tenants.says')
    USING HINT = 'sql/tenant/move.sh where shows each database.'; END $$;
\endif
