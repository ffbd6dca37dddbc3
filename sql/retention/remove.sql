-- Removes what may be forgotten: contents whose time is over (expires_at), and tasks that have ended,
-- whose time is over, and that have no content. A scheduler runs it, every hour say, as the role that
-- owns the tables:
--
--     psql -X -f sql/retention/remove.sql -v older_than='2 years' "$DATABASE_URL"
--
-- older_than: tasks made before that go, too, if they have ended and have no time of their own. Without
-- it, they stay. Reports of that time will lack them.
-- batch: rows a transaction, 1000. pause: seconds between two, 0. seconds: for how long at most, 3600.
--
-- A content that has a file stays: who removes the file removes the row, worker_expired_content asks for
-- them. What another session has locked stays until the next run, so nothing waits for anything; nobody
-- waits longer than a batch takes. If it is cut off, what was removed stays so. Runs do not hinder each
-- other. Citus rejects it: there, remove the rows of one user at a time.
\set ON_ERROR_STOP on
\set QUIET on
\if :{?older_than}
\else
\set older_than ''
\endif
\if :{?batch}
\else
\set batch 1000
\endif
\if :{?pause}
\else
\set pause 0
\endif
\if :{?seconds}
\else
\set seconds 3600
\endif
-- Who may not see all rows gets an error, instead of removing some.
SET row_security = off;
SELECT
    set_config('retention.older_than', :'older_than', FALSE),
    set_config('retention.batch', :'batch', FALSE),
    set_config('retention.pause', :'pause', FALSE),
    set_config('retention.seconds', :'seconds', FALSE)
\gset

DO $$
DECLARE
    batch CONSTANT integer := current_setting('retention.batch');
    pause CONSTANT double precision := current_setting('retention.pause');
    began_at CONSTANT timestamptz := now();
    ends_at CONSTANT timestamptz
        := began_at + current_setting('retention.seconds')::integer * interval '1 second';
    made_before CONSTANT timestamptz := coalesce(
        began_at - nullif(current_setting('retention.older_than'), '')::interval, '-infinity'
    );
    place_at timestamptz;
    place_id uuid;
    users bigint[];
    ids uuid[];
    times timestamptz[];
    removed bigint;
    contents bigint := 0;
    tasks bigint := 0;
BEGIN
    FOR pass IN 1 .. 3 LOOP
        place_at := '-infinity';
        place_id := '00000000-0000-0000-0000-000000000000';
        LOOP
            -- Each pass goes through an index once: from what stays there, it goes on.
            IF pass = 1 THEN
                SELECT array_agg(l.user_id), array_agg(l.id), array_agg(l.expires_at)
                INTO users, ids, times
                FROM (
                    SELECT c.user_id, c.id, c.expires_at
                    FROM public.generated_content AS c
                    WHERE
                        c.expires_at <= began_at
                        AND (c.expires_at, c.id) > (place_at, place_id)
                        AND c.file_url IS NULL
                        AND c.storage_path IS NULL
                    ORDER BY c.expires_at, c.id
                    LIMIT batch
                    FOR UPDATE SKIP LOCKED
                ) AS l;
            ELSIF pass = 2 THEN
                SELECT array_agg(l.user_id), array_agg(l.id), array_agg(l.expires_at)
                INTO users, ids, times
                FROM (
                    SELECT t.user_id, t.id, t.expires_at
                    FROM public.tasks AS t
                    WHERE
                        t.result_payload IS NOT NULL
                        AND t.expires_at <= began_at
                        AND (t.expires_at, t.id) > (place_at, place_id)
                        AND t.completed_at IS NOT NULL
                        AND NOT EXISTS (
                            SELECT FROM public.generated_content AS c
                            WHERE c.user_id = t.user_id AND c.task_id = t.id
                        )
                    ORDER BY t.expires_at, t.id
                    LIMIT batch
                    FOR UPDATE SKIP LOCKED
                ) AS l;
            ELSE
                SELECT array_agg(l.user_id), array_agg(l.id), array_agg(l.created_at)
                INTO users, ids, times
                FROM (
                    SELECT t.user_id, t.id, t.created_at
                    FROM public.tasks AS t
                    WHERE
                        t.created_at < made_before
                        AND t.created_at >= place_at
                        AND (t.created_at, t.id) > (place_at, place_id)
                        AND t.completed_at IS NOT NULL
                        AND (t.expires_at IS NULL OR t.expires_at <= began_at)
                        AND NOT EXISTS (
                            SELECT FROM public.generated_content AS c
                            WHERE c.user_id = t.user_id AND c.task_id = t.id
                        )
                    ORDER BY t.created_at, t.id
                    LIMIT batch
                    FOR UPDATE SKIP LOCKED
                ) AS l;
            END IF;
            EXIT WHEN ids IS NULL;

            IF pass = 1 THEN
                DELETE FROM public.generated_content AS c
                USING unnest(users, ids) AS l (user_id, id)
                WHERE c.user_id = l.user_id AND c.id = l.id;
                GET DIAGNOSTICS removed = ROW_COUNT;
                contents := contents + removed;
            ELSE
                -- A content may have come before the lock; after it, none can.
                DELETE FROM public.tasks AS t
                USING unnest(users, ids) AS l (user_id, id)
                WHERE
                    t.user_id = l.user_id
                    AND t.id = l.id
                    AND NOT EXISTS (
                        SELECT FROM public.generated_content AS c
                        WHERE c.user_id = t.user_id AND c.task_id = t.id
                    );
                GET DIAGNOSTICS removed = ROW_COUNT;
                tasks := tasks + removed;
            END IF;
            place_at := times[cardinality(times)];
            place_id := ids[cardinality(ids)];
            COMMIT;
            EXIT WHEN clock_timestamp() + pause * interval '1 second' >= ends_at;
            PERFORM pg_sleep(pause);
        END LOOP;
    END LOOP;
    PERFORM set_config('retention.contents', contents::text, FALSE);
    PERFORM set_config('retention.tasks', tasks::text, FALSE);
END
$$;
SELECT
    current_setting('retention.contents') AS contents_removed,
    current_setting('retention.tasks') AS tasks_removed;
