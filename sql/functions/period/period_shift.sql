-- Instant within (low, high] at which a zone's offset from UTC changes; NULL when it does not. To the microsecond.
-- Only for spans of a few hours (a second change inside would hide the first).
CREATE OR REPLACE FUNCTION budget.period_shift(time_zone text, low timestamptz, high timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    before interval := (low AT TIME ZONE time_zone) - (low AT TIME ZONE 'UTC');
    middle timestamptz;
BEGIN
    IF (high AT TIME ZONE time_zone) - (high AT TIME ZONE 'UTC') = before THEN
        RETURN NULL;
    END IF;
    WHILE high - low > interval '1 microsecond' LOOP
        middle := low + (high - low) / 2;
        IF (middle AT TIME ZONE time_zone) - (middle AT TIME ZONE 'UTC') = before THEN
            low := middle;
        ELSE
            high := middle;
        END IF;
    END LOOP;
    RETURN high;
END $$;
