-- First instant at which a zone's wall clock shows this local time or, where the clock leaps over it, a later one.
-- PostgreSQL's own conversion takes the second of a repeated time and lands behind a leap that starts earlier.
CREATE OR REPLACE FUNCTION budget.period_local_start(local timestamp, time_zone text) RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    at       timestamptz := local AT TIME ZONE time_zone;
    day_ago  timestamptz := at - interval '24 hours';
    earlier  timestamptz;
BEGIN
    IF at AT TIME ZONE time_zone <> local THEN               -- the clock leaps over it
        RETURN coalesce(budget.period_shift(time_zone, at - interval '26 hours', at), at);
    END IF;
    -- the same wall time under the offset of a day before: the first of a repeated hour
    earlier := (local - ((day_ago AT TIME ZONE time_zone) - (day_ago AT TIME ZONE 'UTC'))) AT TIME ZONE 'UTC';
    IF earlier < at AND earlier AT TIME ZONE time_zone = local THEN
        RETURN earlier;
    END IF;
    RETURN at;
END $$;
