-- purpose: created_at and updated_at by the server's clock, whatever a client's says
-- locks: none
-- reversible: yes

CREATE FUNCTION row_times() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    -- What a client may say at most. Not the time of day but the transaction's, as every default and
    -- every later now() has it: a created_at between the two would make the same transaction's next
    -- statement fail, which says last_login_at = now().
    latest timestamptz := pg_catalog.now();
BEGIN
    IF tg_op = 'UPDATE' THEN
        new.updated_at := pg_catalog.clock_timestamp();
        -- A row that is newer than this transaction has its time from another session's now(): it is
        -- right, unless the clock has gone back since (another server after a fail-over, say).
        IF new.created_at = old.created_at THEN
            latest := new.updated_at;
        END IF;
    ELSIF new.updated_at > latest THEN
        new.updated_at := latest;
    END IF;
    IF new.created_at > latest THEN
        new.created_at := latest;
    END IF;
    RETURN new;
END
$$;
COMMENT ON FUNCTION row_times() IS
'Trigger of every table. An UPDATE sets updated_at. A time later than the server''s clock is '
'lowered to it, so that a client whose clock runs ahead leaves no row that the server''s own times '
'come before. Earlier ones, of rows copied from elsewhere say, stay as they are.';
REVOKE EXECUTE ON FUNCTION row_times() FROM PUBLIC;
