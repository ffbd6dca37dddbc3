-- Questions that may fail: what cannot be evaluated is answered with NULL. They are in pg_temp, and
-- end with the session at the latest.
CREATE FUNCTION pg_temp.fill_answer(question text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE question INTO answer;
    RETURN answer;
EXCEPTION
    WHEN OTHERS THEN
        RETURN NULL;
END
$$;

-- The greatest number up to which a condition on $1 holds, if what holds for one number holds for
-- those below it.
CREATE FUNCTION pg_temp.fill_reach(condition text, most bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    low bigint := 0;
    high bigint := most + 1;
    middle bigint;
    holds boolean;
BEGIN
    WHILE high - low > 1 LOOP
        -- From below, since few reach far.
        middle := least(low * 4 + 1, (low + high) / 2);
        BEGIN
            EXECUTE condition INTO holds USING middle;
        EXCEPTION
            WHEN OTHERS THEN
                holds := FALSE;
        END;
        IF holds THEN
            low := middle;
        ELSE
            high := middle;
        END IF;
    END LOOP;
    RETURN low;
END
$$;
