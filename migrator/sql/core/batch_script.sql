-- The batches of a file, as the runner runs them, for a script of psql: it has no replicas to wait for.
DO $migrator$
DECLARE
    statement CONSTANT text := %(statement)s;
    by_key CONSTANT boolean := %(by_key)s;
    at yoyo.batch_progress;
    other text;
    size integer;
    largest integer := %(largest)s;
    good integer := 0; -- the rows of the last batch that was quick enough
    next_try bigint := 0; -- of more rows, in batches
    patience integer := 100;
    factor float8;
    found record;
    taken bigint;
    place text;
    key text;
    keys text [];
    keys_before text [] := '{}';
    began timestamptz;
    took_ms float8;
    is_last boolean := FALSE;
    is_blocked boolean;
    blocked_since timestamptz;
BEGIN
    SELECT p.* INTO at FROM yoyo.batch_progress AS p WHERE p.migration_hash = %(hash)s;
    SELECT i.checksum INTO other FROM yoyo.intent AS i
    WHERE i.migration_hash = %(hash)s AND i.checksum <> %(checksum)s;
    IF other IS NOT NULL THEN
        RAISE 'the file was edited after its first batch';
    END IF;
    size := at.batch_rows;
    place := at.batch_after;
    LOOP
        PERFORM
            set_config('lock_timeout', '1s', TRUE),
            set_config('migrator.batch_rows', size::text, TRUE),
            set_config('migrator.batch_after', coalesce(place, ''), TRUE);
        began := clock_timestamp();
        is_blocked := FALSE;
        BEGIN
            taken := 0;
            keys := '{}';
            FOR found IN EXECUTE statement LOOP
                IF by_key THEN
                    key := found.batch_after::text;
                    taken := found.batch_rows;
                ELSE
                    SELECT e.value INTO key FROM json_each_text(row_to_json(found)) AS e LIMIT 1;
                    taken := taken + 1;
                END IF;
                keys := keys || key;
            END LOOP;
        EXCEPTION WHEN lock_not_available OR deadlock_detected OR serialization_failure THEN
            is_blocked := TRUE;
        END;
        IF is_blocked THEN
            ROLLBACK;
            blocked_since := coalesce(blocked_since, began);
            IF clock_timestamp() > blocked_since + interval '10 minutes' THEN
                RAISE 'other sessions hold the locks of its rows: %% batches are done', at.batches;
            END IF;
            size := greatest(1, size / 2);
            is_last := FALSE;
            PERFORM set_config('default_transaction_isolation', 'read committed', FALSE);
            PERFORM pg_sleep(1);
            COMMIT;
            CONTINUE;
        END IF;
        blocked_since := NULL;
        EXIT WHEN is_last AND cardinality(keys) = 0;
        IF
            (by_key OR statement ~* '\mUPDATE\M')
            AND EXISTS (SELECT unnest(keys) INTERSECT SELECT unnest(keys_before))
        THEN
            RAISE 'found the key %% again: %% batches are done', key, at.batches;
        END IF;
        is_last := taken < size;
        keys_before := keys;
        took_ms := greatest(1, 1000 * extract(EPOCH FROM clock_timestamp() - began));
        factor := least(greatest(%(target_ms)s / took_ms, 0.25), 2);
        IF factor < 0.5 AND good > 0 AND good < size THEN
            -- With more rows than before: the planner may have begun to read the whole table.
            size := good;
            largest := good;
            next_try := at.batches + patience;
            patience := 2 * patience;
        ELSE
            IF factor > 0.8 THEN
                good := size;
            END IF;
            IF at.batches >= next_try THEN
                largest := %(largest)s;
            END IF;
            IF abs(factor - 1) > 0.2 THEN
                size := least(greatest(1, round(size * factor)), largest);
            END IF;
        END IF;
        IF cardinality(keys) > 0 THEN
            IF by_key THEN
                place := key;
            END IF;
            UPDATE yoyo.batch_progress AS p
            SET
                rows_done = p.rows_done + taken,
                batches = p.batches + 1,
                batch_rows = size,
                batch_after = place,
                worked_ms = p.worked_ms + took_ms,
                updated_at = clock_timestamp()
            WHERE p.migration_hash = %(hash)s
            RETURNING p.* INTO at;
        END IF;
        SET CONSTRAINTS ALL IMMEDIATE;
        -- The isolation of a transaction cannot be set once PL/pgSQL has looked at a variable in it.
        PERFORM set_config(
            'default_transaction_isolation',
            CASE WHEN is_last THEN 'repeatable read' ELSE 'read committed' END,
            FALSE
        );
        COMMIT;
        PERFORM pg_sleep(%(pause_ms)s / 1000.0);
        COMMIT;
    END LOOP;
END
$migrator$;
