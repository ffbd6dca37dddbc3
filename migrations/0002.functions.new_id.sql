-- purpose: time-ordered identifiers (UUID version 7) for the tables that clients name rows of
-- locks: none
-- reversible: yes
--
-- One body for all versions: PL/pgSQL looks a function up when it first calls it. So the server's
-- own is not missed where there is none, and an upgraded server uses it without a migration.

CREATE FUNCTION new_id() RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL SAFE
AS $$
DECLARE
    microseconds bigint;
BEGIN
    IF pg_catalog.current_setting('server_version_num')::integer >= 180000 THEN
        RETURN pg_catalog.uuidv7();
    END IF;

    -- As uuidv7() lays it out: 48 bits of milliseconds, the version, 12 bits of the millisecond's
    -- fraction, then variant and 62 random bits, both as a version 4 UUID has them.
    microseconds := pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000000;
    RETURN pg_catalog.encode(
        pg_catalog.substring(pg_catalog.int8send(microseconds / 1000), 3)
        || pg_catalog.int2send((28672 + microseconds % 1000 * 4096 / 1000)::smallint)
        || pg_catalog.substring(pg_catalog.uuid_send(pg_catalog.gen_random_uuid()), 9),
        'hex'
    )::uuid;
END
$$;
COMMENT ON FUNCTION new_id() IS
'A new UUID version 7: later ones sort after earlier ones, so that an index on them grows at its '
'end. From the server''s own uuidv7() where it has one (18), else of the same layout.';
REVOKE EXECUTE ON FUNCTION new_id() FROM PUBLIC;
