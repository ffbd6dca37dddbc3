-- Gives a database its own numbers for new users, so that tenants can move. Run it once on each
-- database of the fleet, with another number from 0 to 8999, before tenants sign up there:
--
--     psql -X -v shard=3 -f sql/tenant/ids.sql service=eu-1
--
-- Users who sign up from then on get ids from shard * 1,000,000,000,000 on. Nobody's id changes. (Clients
-- in JavaScript are exact up to 9,007,199,254,740,991.) All other ids are random enough: UUIDs.
\set ON_ERROR_STOP on
\set QUIET on
BEGIN;
SELECT set_config('tenants.shard', :'shard', TRUE) \g /dev/null
DO $$
DECLARE
    wanted bigint := current_setting('tenants.shard')::bigint;
    sequence regclass := pg_get_serial_sequence('public.users', 'id');
    latest bigint;
BEGIN
    IF wanted NOT BETWEEN 0 AND 8999 THEN
        RAISE '% is not a number from 0 to 8999', wanted;
    END IF;
    -- Nobody signs up meanwhile.
    SET LOCAL lock_timeout = '2s';
    LOCK TABLE public.users IN SHARE ROW EXCLUSIVE MODE;
    latest := coalesce(pg_sequence_last_value(sequence), 0);
    IF latest / 1000000000000 > wanted THEN
        RAISE 'The last id is %: this database has the numbers of %, and gets no earlier ones.',
            latest, latest / 1000000000000;
    ELSIF latest / 1000000000000 < wanted THEN
        PERFORM setval(sequence, wanted * 1000000000000);
    END IF;
END
$$;
COMMIT;
