-- What keeps the tables in the schema partitioning, the followers, in step with those in public, the
-- leaders; included by prepare.sql.
CREATE TABLE partitioning.progress (
    table_name text PRIMARY KEY,
    user_id bigint NOT NULL DEFAULT -9223372036854775808,
    id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    rows_read bigint NOT NULL DEFAULT 0,
    is_copied boolean NOT NULL DEFAULT FALSE,
    is_same boolean NOT NULL DEFAULT FALSE
);
COMMENT ON TABLE partitioning.progress IS
'Up to which key copy.sql has copied, and whether check.sql found the same rows.';
INSERT INTO partitioning.progress (table_name) VALUES ('tasks'), ('generated_content');

-- Each write of a leader is made again in its follower, by the same transaction. An update or a delete of
-- a row that is not copied yet finds none; copy() holds a lock on what it copies, so that they wait
-- for it, and then find it.
SELECT
    format(
        $follow$
        CREATE FUNCTION partitioning.follow_%1$s() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, pg_temp
        AS $$
        BEGIN
            CASE tg_op
                WHEN 'INSERT' THEN
                    INSERT INTO partitioning.%1$I (%2$s) VALUES (%3$s);
                WHEN 'UPDATE' THEN
                    UPDATE partitioning.%1$I SET (%2$s) = ROW(%3$s)
                    WHERE user_id = old.user_id AND id = old.id;
                WHEN 'DELETE' THEN
                    DELETE FROM partitioning.%1$I WHERE user_id = old.user_id AND id = old.id;
                ELSE
                    RAISE '%1$s cannot be truncated now: its copy would not be'
                        USING HINT = 'Run sql/partition/end.sql first.';
            END CASE;
            RETURN NULL;
        END
        $$
        $follow$,
        c.relname,
        string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
        string_agg(format('new.%I', a.attname), ', ' ORDER BY a.attnum)
    ),
    format('REVOKE EXECUTE ON FUNCTION partitioning.follow_%s() FROM PUBLIC', c.relname)
FROM pg_class AS c
INNER JOIN pg_attribute AS a ON c.oid = a.attrelid
WHERE
    c.oid = ANY (:'leaders'::regclass[])
    AND a.attnum > 0
    AND NOT a.attisdropped
    AND a.attgenerated = ''
GROUP BY c.relname
\gexec

CREATE PROCEDURE partitioning.follow(name text)
LANGUAGE plpgsql
AS $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_trigger
        WHERE
            tgrelid = format('public.%I', name)::regclass
            AND tgname = format('tr_%s_followed', name)
    ) THEN
        RETURN;
    END IF;
    EXECUTE format(
        'CREATE TRIGGER tr_%1$s_followed AFTER INSERT OR UPDATE OR DELETE ON public.%1$I '
        'FOR EACH ROW EXECUTE FUNCTION partitioning.follow_%1$s()',
        name
    );
    EXECUTE format(
        'CREATE TRIGGER tr_%1$s_not_truncated BEFORE TRUNCATE ON public.%1$I '
        'FOR EACH STATEMENT EXECUTE FUNCTION partitioning.follow_%1$s()',
        name
    );
END
$$;

-- Copies what is left, in the order of the keys, a batch a transaction. What the follower has otherwise
-- is corrected, and what the leader has not is deleted: so a second run mends.
CREATE PROCEDURE partitioning.copy(name text, batch integer, pause double precision)
LANGUAGE plpgsql
AS $$
DECLARE
    place partitioning.progress;
    step text;
    rows_found bigint;
    last_user_id bigint;
    last_id uuid;
BEGIN
    SELECT
        format(
            $step$
            WITH leaders AS MATERIALIZED (
                SELECT %2$s FROM public.%1$I
                WHERE (user_id, id) > ($1, $2)
                ORDER BY user_id, id
                LIMIT $3
                FOR SHARE
            ),

            -- None in the last batch: it ends where the table does.
            latest AS (SELECT user_id, id FROM leaders ORDER BY user_id, id OFFSET $3 - 1 LIMIT 1),

            copied AS (
                INSERT INTO partitioning.%1$I AS f (%2$s) SELECT * FROM leaders
                ON CONFLICT (user_id, id) DO UPDATE SET (%2$s) = ROW(%3$s)
                WHERE ROW(f.*) IS DISTINCT FROM ROW(excluded.*)
            ),

            removed AS (
                DELETE FROM partitioning.%1$I AS f
                WHERE
                    (f.user_id, f.id) > ($1, $2)
                    AND (f.user_id, f.id) <= (
                        coalesce((SELECT user_id FROM latest), 9223372036854775807),
                        coalesce(
                            (SELECT id::uuid FROM latest), 'ffffffff-ffff-ffff-ffff-ffffffffffff'
                        )
                    )
                    AND NOT EXISTS (
                        SELECT FROM leaders AS l
                        WHERE l.user_id = f.user_id AND l.id = f.id
                    )
            )

            SELECT (SELECT count(*) FROM leaders), t.user_id, t.id
            FROM (VALUES (0)) AS o
            LEFT JOIN latest AS t ON TRUE
            $step$,
            name,
            string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
            string_agg(format('excluded.%I', a.attname), ', ' ORDER BY a.attnum)
        )
    INTO step
    FROM pg_attribute AS a
    WHERE
        a.attrelid = format('public.%I', name)::regclass
        AND a.attnum > 0
        AND NOT a.attisdropped
        AND a.attgenerated = '';

    LOOP
        -- One session copies at a time.
        SELECT * INTO place FROM partitioning.progress WHERE table_name = name FOR UPDATE;
        EXIT WHEN place.is_copied;
        BEGIN
            -- Less than deadlock_timeout: of two that wait for each other, this one gives way.
            PERFORM set_config('lock_timeout', '500ms', TRUE);
            EXECUTE step INTO rows_found, last_user_id, last_id USING place.user_id, place.id, batch;
            UPDATE partitioning.progress
            SET
                user_id = coalesce(last_user_id, user_id),
                id = coalesce(last_id, id),
                rows_read = rows_read + rows_found,
                is_copied = rows_found < batch
            WHERE table_name = name;
        EXCEPTION
            WHEN lock_not_available THEN
                NULL; -- and again
        END;
        COMMIT;
        PERFORM pg_sleep(pause);
    END LOOP;
END
$$;
