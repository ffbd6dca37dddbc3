-- Prepares a database for moves of tenants, out of it and into it. Run it as a superuser, once on each
-- of the two; unprepare.sql undoes it, and `verify` reports what it adds until then:
--
--     psql -X -f sql/tenant/prepare.sql service=eu-1
--
-- It makes
-- - the schema tenants, whose table moves says of each tenant that moves where its writes are accepted;
-- - a trigger on users and on the tables that refer to it by user_id, which rejects other writes;
-- - a replica identity that contains user_id, so that one tenant's changes can be published: the
--   unique index on (user_id, id), which is built without blocking writes where there is none.
--
-- Triggers and replica identities lock each table for a moment. If a table is not free within two
-- seconds, the script stops: run it again, it goes on.
\set ON_ERROR_STOP on
\set QUIET on
SET lock_timeout = '2s';
SET client_min_messages = warning;

BEGIN;
CREATE SCHEMA IF NOT EXISTS tenants;
COMMENT ON SCHEMA tenants IS 'Moves of tenants between databases; made by sql/tenant/prepare.sql.';

-- Writes are accepted in the states leaving and arrived, and without a row.
CREATE TABLE IF NOT EXISTS tenants.moves (
    user_id bigint,
    state text NOT NULL,
    peer text NOT NULL,
    peer_name text NOT NULL,
    attempt integer NOT NULL DEFAULT 0,
    since timestamptz NOT NULL DEFAULT now(),
    began xid8 NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT pk_moves PRIMARY KEY (user_id),
    CONSTRAINT ck_moves_state CHECK (
        state IN ('leaving', 'closed', 'left', 'reserved', 'arriving', 'arrived', 'cancelled')
    )
);
COMMENT ON TABLE tenants.moves IS
'Tenants that move or have moved. On the source: leaving, closed (for the switch), left. On the '
'target: reserved, arriving, arrived; or cancelled, until the copies are removed.';
COMMENT ON COLUMN tenants.moves.peer IS 'The other database: its server''s system identifier, its oid.';
COMMENT ON COLUMN tenants.moves.peer_name IS 'The other database, for people.';
COMMENT ON COLUMN tenants.moves.attempt IS
'Number of the switch that may open the target, and of the one that closed the source.';
COMMENT ON COLUMN tenants.moves.began IS
'Transaction that made the row. One that is older may not see it, and so may write.';

CREATE TABLE IF NOT EXISTS tenants.replica_identities (
    table_name text,
    CONSTRAINT pk_replica_identities PRIMARY KEY (table_name)
);
COMMENT ON TABLE tenants.replica_identities IS
'Tables whose replica identity was DEFAULT, and gets DEFAULT again.';

-- A table comes after those that it refers to.
CREATE OR REPLACE VIEW tenants.tables AS
WITH RECURSIVE found AS (
    SELECT
        to_regclass('public.users') AS table_id,
        0 AS depth
    UNION
    SELECT
        c.conrelid::regclass,
        f.depth + 1
    FROM found AS f
    INNER JOIN pg_constraint AS c ON f.table_id = c.confrelid
    INNER JOIN pg_attribute AS a ON c.conrelid = a.attrelid AND a.attnum = ANY (c.conkey)
    WHERE
        a.attname = 'user_id'
        AND c.conparentid = 0
        AND c.conrelid <> c.confrelid
)

SELECT
    table_id,
    max(depth) AS depth,
    CASE max(depth) WHEN 0 THEN 'id' ELSE 'user_id' END AS tenant_column
FROM found
GROUP BY table_id;
COMMENT ON VIEW tenants.tables IS 'Tables with the rows of tenants: users, and what refers to it.';

CREATE OR REPLACE FUNCTION tenants.lock_key(tenant bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE
AS $$ SELECT pg_catalog.hashtextextended('tenants.moves', tenant) $$;
COMMENT ON FUNCTION tenants.lock_key(bigint) IS
'Advisory lock that who writes for a moving tenant shares, and who closes it takes alone.';

CREATE OR REPLACE FUNCTION tenants.check_open(tenant bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    move record;
BEGIN
    -- Whoever closes the tenant waits for this transaction, and later ones wait for who closes it.
    -- In a transaction with an older snapshot, FOR SHARE fails if the row has changed since.
    PERFORM pg_advisory_xact_lock_shared(tenants.lock_key(tenant));
    SELECT
        m.state,
        m.peer_name
    INTO move
    FROM tenants.moves AS m
    WHERE m.user_id = tenant
    FOR SHARE;

    IF move.state = 'closed' THEN
        RAISE EXCEPTION 'tenant % is closed for writes while it moves to %', tenant, move.peer_name
            USING ERRCODE = 'TM001', HINT = 'Try again in a moment.';
    ELSIF
        move.state IN ('left', 'cancelled')
        AND current_setting('tenants.removing', TRUE) = tenant::text
    THEN
        RETURN;
    ELSIF move.state IN ('left', 'reserved', 'arriving', 'cancelled') THEN
        RAISE EXCEPTION 'tenant % lives in %', tenant, move.peer_name USING ERRCODE = 'TM002';
    END IF;
END
$$;
COMMENT ON FUNCTION tenants.check_open(bigint) IS
'Rejects a write for a tenant that is closed for a moment (SQLSTATE TM001), or whose home is '
'another database (TM002).';

CREATE OR REPLACE FUNCTION tenants.keep_closed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (
        SELECT FROM tenants.moves AS m
        WHERE
            m.user_id IN (old.user_id, new.user_id)
            AND m.state <> 'arrived'
    ) THEN
        PERFORM tenants.check_open(old.user_id);
        IF new.user_id IS DISTINCT FROM old.user_id THEN
            PERFORM tenants.check_open(new.user_id);
        END IF;
    END IF;
    RETURN coalesce(new, old);
END
$$;
COMMENT ON FUNCTION tenants.keep_closed() IS
'Trigger of the tables with tenants'' rows. An INSERT has no old row, and a DELETE no new one.';

CREATE OR REPLACE FUNCTION tenants.keep_user_closed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (
        SELECT FROM tenants.moves AS m
        WHERE
            m.user_id IN (old.id, new.id)
            AND m.state <> 'arrived'
    ) THEN
        PERFORM tenants.check_open(old.id);
        IF new.id IS DISTINCT FROM old.id THEN
            PERFORM tenants.check_open(new.id);
        END IF;
    END IF;
    RETURN coalesce(new, old);
END
$$;
COMMENT ON FUNCTION tenants.keep_user_closed() IS 'Trigger of users.';

-- What the two databases compare. hash_record_extended takes a quarter of the time that a hash of the
-- row's text takes, and gives the same on every version, as hash partitions must.
CREATE OR REPLACE FUNCTION tenants.account(tenant bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    found record;
    line jsonb;
    answer jsonb := '{}';
BEGIN
    FOR found IN SELECT t.* FROM tenants.tables AS t LOOP
        EXECUTE format(
            'SELECT jsonb_build_object(%L, jsonb_build_array(count(*), '
            'coalesce(sum(hash_record_extended(t, 0)), 0)::text)) FROM %s AS t WHERE %I = $1',
            found.table_id, found.table_id, found.tenant_column
        )
        INTO line
        USING tenant;
        answer := answer || line;
    END LOOP;
    RETURN answer;
END
$$;
COMMENT ON FUNCTION tenants.account(bigint) IS
'Of each table the number of the tenant''s rows, and a checksum over them.';

CREATE OR REPLACE FUNCTION tenants.orphans(tenant bigint)
RETURNS TABLE (reference text, orphans bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT
            c.conname::text,
            format(
                'SELECT count(*) FROM %s AS a WHERE a.%I = $1 AND %s AND NOT EXISTS ('
                'SELECT FROM %s AS b WHERE %s)',
                c.conrelid::regclass,
                t.tenant_column,
                string_agg(format('a.%I IS NOT NULL', a.attname), ' AND '),
                c.confrelid::regclass,
                string_agg(format('a.%I = b.%I', a.attname, b.attname), ' AND ')
            ) AS query
        FROM tenants.tables AS t
        INNER JOIN pg_constraint AS c ON t.table_id = c.conrelid AND c.contype = 'f'
        CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS k (own, other)
        INNER JOIN pg_attribute AS a ON c.conrelid = a.attrelid AND k.own = a.attnum
        INNER JOIN pg_attribute AS b ON c.confrelid = b.attrelid AND k.other = b.attnum
        WHERE c.conparentid = 0
        GROUP BY c.oid, c.conname, c.conrelid, c.confrelid, t.tenant_column
    LOOP
        EXECUTE found.query INTO orphans USING tenant;
        reference := found.conname;
        IF orphans > 0 THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION tenants.orphans(bigint) IS
'References that rows of the tenant break, with how many do. A subscription copies rows without '
'checking references.';

CREATE OR REPLACE FUNCTION tenants.facts() RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    found record;
    lines jsonb;
    answer jsonb;
BEGIN
    SELECT
        jsonb_object_agg(
            c.oid::regclass,
            (
                SELECT
                    jsonb_agg(
                        a.attname || ' ' || format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum
                    )
                FROM pg_attribute AS a
                WHERE
                    a.attrelid = c.oid
                    AND a.attnum > 0
                    AND NOT a.attisdropped
            )
        )
    INTO lines
    FROM pg_class AS c
    WHERE
        c.relnamespace = 'public'::regnamespace
        AND c.relkind IN ('r', 'p')
        AND NOT c.relispartition;
    answer := jsonb_build_object('columns', lines, 'rows', '[]'::jsonb);

    FOR found IN
        SELECT c.oid::regclass AS table_id
        FROM pg_class AS c
        WHERE
            c.relnamespace = 'public'::regnamespace
            AND c.relkind IN ('r', 'p')
            AND NOT c.relispartition
            AND c.oid NOT IN (SELECT t.table_id FROM tenants.tables AS t)
    LOOP
        EXECUTE format(
            'SELECT coalesce(jsonb_agg(jsonb_build_array(%L, to_jsonb(t) - %L - %L)), %L) FROM %s AS t',
            found.table_id, 'created_at', 'updated_at', '[]', found.table_id
        )
        INTO lines;
        answer := jsonb_set(answer, '{rows}', answer -> 'rows' || lines);
    END LOOP;
    RETURN answer;
END
$$;
COMMENT ON FUNCTION tenants.facts() IS
'What must be the same in both databases: the columns of all tables, and the rows of those that '
'belong to no tenant, without their times.';

-- A transaction that is older than a move does not see its row, and takes no lock.
CREATE OR REPLACE PROCEDURE tenants.wait_for_older(tenant bigint)
LANGUAGE plpgsql
AS $$
DECLARE
    older text;
    told text := '';
BEGIN
    LOOP
        SELECT string_agg(o.name, ', ')
        INTO older
        FROM tenants.moves AS m
        CROSS JOIN LATERAL (
            SELECT 'pid ' || s.pid AS name
            FROM pg_stat_activity AS s
            WHERE
                s.datname = current_database()
                AND s.pid <> pg_backend_pid()
                AND s.backend_type IN ('client backend', 'background worker')
                AND (
                    age(s.backend_xid) > age(m.began::xid)
                    OR age(s.backend_xmin) >= age(m.began::xid)
                )
            UNION ALL
            SELECT 'prepared transaction ' || p.gid
            FROM pg_prepared_xacts AS p
            WHERE
                p.database = current_database()
                AND age(p.transaction) > age(m.began::xid)
        ) AS o
        WHERE m.user_id = tenant;
        EXIT WHEN older IS NULL;
        IF older <> told THEN
            RAISE NOTICE 'waiting for transactions in % that began before the move: %',
                current_database(), older;
            told := older;
        END IF;
        COMMIT;
        PERFORM pg_sleep(0.2);
    END LOOP;
END
$$;
COMMENT ON PROCEDURE tenants.wait_for_older(bigint) IS
'Waits until every transaction in this database sees the tenant''s row in tenants.moves.';

CREATE OR REPLACE PROCEDURE tenants.wait_for_target(slot text, patience interval)
LANGUAGE plpgsql
AS $$
DECLARE
    goal pg_lsn := pg_current_wal_insert_lsn();
    deadline timestamptz := clock_timestamp() + patience;
BEGIN
    LOOP
        EXIT WHEN EXISTS (
            SELECT FROM pg_replication_slots AS s
            WHERE
                s.slot_name = slot
                AND s.confirmed_flush_lsn >= goal
        );
        IF clock_timestamp() > deadline THEN
            RAISE EXCEPTION 'the target is behind after %', patience;
        END IF;
        COMMIT;
        PERFORM pg_sleep(0.02);
    END LOOP;
END
$$;
COMMENT ON PROCEDURE tenants.wait_for_target(text, interval) IS
'Waits until the target has on its disk what was written here before the call.';

CREATE OR REPLACE PROCEDURE tenants.close(tenant bigint, which_attempt integer)
LANGUAGE plpgsql
AS $$
DECLARE
    writers text;
BEGIN
    SET LOCAL synchronous_commit = on;
    SET LOCAL lock_timeout = '2s';
    PERFORM pg_advisory_xact_lock(tenants.lock_key(tenant));
    UPDATE tenants.moves AS m
    SET
        state = 'closed',
        attempt = which_attempt
    WHERE
        m.user_id = tenant
        AND m.state IN ('leaving', 'closed')
        AND m.attempt < which_attempt;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'tenant % is not to be closed any more: somebody else cancels or moves it', tenant;
    END IF;
EXCEPTION
    WHEN lock_not_available THEN
        SELECT string_agg('pid ' || l.pid, ', ')
        INTO writers
        FROM pg_locks AS l
        WHERE
            l.locktype = 'advisory'
            AND l.granted
            AND l.objsubid = 1
            AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
            AND (l.classid::bigint << 32 | l.objid::bigint) = tenants.lock_key(tenant);
        RAISE EXCEPTION 'a transaction that writes for tenant % does not end: %', tenant, writers
            USING HINT = 'The tenant is open. Run the command again.';
END
$$;
COMMENT ON PROCEDURE tenants.close(bigint, integer) IS
'Rejects writes for a tenant from now on. It waits for those that are under way, two seconds at most.';

CREATE OR REPLACE PROCEDURE tenants.remove(tenant bigint, batch integer)
LANGUAGE plpgsql
AS $$
DECLARE
    found record;
    removed bigint;
BEGIN
    IF NOT EXISTS (
        SELECT FROM tenants.moves AS m
        WHERE
            m.user_id = tenant
            AND m.state IN ('left', 'cancelled')
    ) THEN
        RAISE EXCEPTION 'tenant % may live here: nothing was removed', tenant;
    END IF;
    PERFORM set_config('tenants.removing', tenant::text, FALSE);
    FOR found IN SELECT t.* FROM tenants.tables AS t ORDER BY t.depth DESC LOOP
        LOOP
            EXECUTE format(
                'DELETE FROM %s WHERE id IN (SELECT id FROM %s WHERE %I = $1 LIMIT $2) AND %I = $1',
                found.table_id, found.table_id, found.tenant_column, found.tenant_column
            )
            USING tenant, batch;
            GET DIAGNOSTICS removed = ROW_COUNT;
            COMMIT;
            EXIT WHEN removed = 0;
        END LOOP;
    END LOOP;
    PERFORM set_config('tenants.removing', '', FALSE);
END
$$;
COMMENT ON PROCEDURE tenants.remove(bigint, integer) IS
'Deletes the rows of a tenant that does not live here, in batches, each committed.';
REVOKE ALL ON ALL ROUTINES IN SCHEMA tenants FROM PUBLIC;
COMMIT;

-- Before anything else: from here on, a tenant can be closed.
SELECT
    format(
        'CREATE OR REPLACE TRIGGER tr_%1$s_home BEFORE INSERT OR UPDATE OR DELETE ON %2$s '
        'FOR EACH ROW EXECUTE FUNCTION tenants.%3$I()',
        c.relname,
        t.table_id,
        CASE t.depth WHEN 0 THEN 'keep_user_closed' ELSE 'keep_closed' END
    )
FROM tenants.tables AS t
INNER JOIN pg_class AS c ON t.table_id = c.oid
WHERE NOT EXISTS (
    SELECT FROM pg_trigger AS g
    WHERE
        g.tgrelid = t.table_id
        AND g.tgname = format('tr_%s_home', c.relname)
)
ORDER BY t.depth
\gexec

-- What an interrupted CREATE INDEX CONCURRENTLY left.
SELECT format('DROP INDEX CONCURRENTLY %s', i.indexrelid::regclass)
FROM tenants.tables AS t
INNER JOIN pg_index AS i ON t.table_id = i.indrelid
INNER JOIN pg_class AS c ON i.indexrelid = c.oid
WHERE
    c.relname LIKE 'uq_%_home'
    AND NOT i.indisvalid
\gexec
CREATE TEMPORARY VIEW without_tenant AS
SELECT
    t.table_id,
    (
        SELECT i.indexrelid::regclass
        FROM pg_index AS i
        WHERE
            i.indrelid = t.table_id
            AND i.indisunique
            AND i.indimmediate
            AND i.indisvalid
            AND i.indpred IS NULL
            AND pg_get_indexdef(i.indexrelid) LIKE '% USING btree (user_id, id)'
        ORDER BY i.indexrelid
        LIMIT 1
    ) AS index_id
FROM tenants.tables AS t
INNER JOIN pg_class AS c ON t.table_id = c.oid
WHERE
    c.relkind = 'r'
    AND c.relreplident = 'd'
    AND NOT EXISTS (
        SELECT FROM pg_index AS i
        INNER JOIN pg_attribute AS a ON i.indrelid = a.attrelid AND a.attnum = ANY (i.indkey)
        WHERE
            i.indrelid = t.table_id
            AND i.indisprimary
            AND a.attname = t.tenant_column
    );
SELECT
    format('CREATE UNIQUE INDEX CONCURRENTLY uq_%s_home ON %s (user_id, id)', c.relname, w.table_id),
    format('COMMENT ON INDEX public.uq_%s_home IS %L', c.relname, 'For moves of tenants.')
FROM without_tenant AS w
INNER JOIN pg_class AS c ON w.table_id = c.oid
WHERE w.index_id IS NULL
\gexec
SELECT
    format(
        'INSERT INTO tenants.replica_identities VALUES (%L) ON CONFLICT DO NOTHING', w.table_id
    ),
    format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', w.table_id, c.relname)
FROM without_tenant AS w
INNER JOIN pg_class AS c ON w.index_id = c.oid
\gexec
