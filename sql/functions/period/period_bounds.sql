-- The period an instant belongs to: [period_start, period_end), from the wall clock of an IANA zone. Every instant lies
-- in exactly one period, whatever the clocks of the zone do:
--   a repeated local hour is two hourly periods; a day whose midnight is missing starts at its first instant, one whose
--   midnight comes twice at the first of the two; where a zone moves by less than an hour the cut is at the move.
-- week_start: ISO day 1 (Monday) … 7. month_reset_day: months, quarters (from January) and years begin on that day of
-- their first month, or on its last day where the month is shorter (31 = always the last).
-- lifetime, per_session, per_task: -infinity … infinity (null on the wire). rolling: the bucket of at
-- (period_bucket.sql).
CREATE OR REPLACE FUNCTION budget.period_bounds(period text, time_zone text, week_start smallint,
    month_reset_day smallint,
    window_seconds integer, at timestamptz, OUT period_start timestamptz, OUT period_end timestamptz)
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    local timestamp := at AT TIME ZONE time_zone;
    shift interval;   -- of the zone from UTC, at that instant
    first timestamp;  -- first day, in local time, of the month, quarter or year
    step  interval;
BEGIN
    IF period IN ('lifetime', 'per_session', 'per_task') THEN
        period_start := '-infinity';
        period_end := 'infinity';
        RETURN;
    ELSIF period = 'rolling' THEN
        period_start := budget.period_bucket(window_seconds, at);
        period_end := period_start + make_interval(secs => budget.period_bucket_seconds(window_seconds));
        RETURN;
    ELSIF period = 'hourly' THEN
        shift := local - (at AT TIME ZONE 'UTC');
        period_start := (date_trunc('hour', local) - shift) AT TIME ZONE 'UTC';
        period_end := period_start + interval '1 hour';
        period_start := coalesce(budget.period_shift(time_zone, period_start, at), period_start);
        period_end := coalesce(budget.period_shift(time_zone, at, period_end - interval '1 microsecond'), period_end);
        RETURN;
    END IF;

    IF period = 'daily' THEN
        first := date_trunc('day', local);
        step := interval '1 day';
    ELSIF period = 'weekly' THEN
        first := date_trunc('day', local);
        first := first - make_interval(days => (extract(isodow FROM first)::integer - week_start + 7) % 7);
        step := interval '7 days';
    ELSE
        step := CASE period WHEN 'monthly' THEN interval '1 month' WHEN 'quarterly' THEN interval '3 months'
                            WHEN 'yearly' THEN interval '1 year' END;
        first := date_trunc(CASE period WHEN 'monthly' THEN 'month' WHEN 'quarterly' THEN 'quarter' ELSE 'year' END,
            local);
        IF month_reset_day > 1 THEN
            IF local < budget.period_reset(first, month_reset_day) THEN
                first := first - step;
            END IF;
            period_start := budget.period_local_start(budget.period_reset(first, month_reset_day), time_zone);
            period_end := budget.period_local_start(budget.period_reset(first + step, month_reset_day), time_zone);
            RETURN;
        END IF;
    END IF;
    period_start := budget.period_local_start(first, time_zone);
    period_end := budget.period_local_start(first + step, time_zone);
    IF at >= period_end THEN  -- clocks were set back over the midnight that ended the day: it does not begin again
        period_start := period_end;
        period_end := budget.period_local_start(first + step + step, time_zone);
    END IF;
END $$;

-- Reset day of the month that begins at first.
CREATE OR REPLACE FUNCTION budget.period_reset(first timestamp, month_reset_day smallint) RETURNS timestamp
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT first + make_interval(days => least(month_reset_day::integer,
        extract(day FROM first + interval '1 month' - interval '1 day')::integer) - 1)
$$;
