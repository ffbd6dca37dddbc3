-- Source: no slot and no publication of the move any more; included by finish.sql and cancel.sql. Slots
-- of tables that were being copied have the subscription's number in their name, and the target's server.
SELECT set_config('tenants.slots', coalesce(string_agg(s.slot_name, ' '), ''), FALSE)
FROM pg_replication_slots AS s
WHERE
    s.database = current_database()
    AND (
        s.slot_name = :'name'
        OR (
            s.slot_name ~ ('^pg_[0-9]+_sync_[0-9]+_' || :'target_server' || '$')
            AND split_part(s.slot_name, '_', 2) <> ALL (string_to_array(:'subscriptions', ' '))
        )
    )
\g /dev/null
DO $$
BEGIN
    -- The sessions of the subscription end by themselves.
    WHILE EXISTS (
        SELECT FROM pg_replication_slots AS s
        WHERE
            s.slot_name = ANY (string_to_array(current_setting('tenants.slots'), ' '))
            AND s.active
    ) LOOP
        COMMIT;
        PERFORM pg_sleep(0.05);
    END LOOP;
    PERFORM pg_drop_replication_slot(s.slot_name)
    FROM pg_replication_slots AS s
    WHERE s.slot_name = ANY (string_to_array(current_setting('tenants.slots'), ' '));
END
$$;
SET client_min_messages = warning;
DROP PUBLICATION IF EXISTS :"name";
