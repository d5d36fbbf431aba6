-- start_date / end_date as an instant. A date is the whole day in the zone, its end included; a timestamp is itself
-- (as an end: exclusive), read in the zone when it names none.
CREATE OR REPLACE FUNCTION budget.range_bound(value text, time_zone text, is_end boolean) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF value ~ '^\d{4}-\d\d-\d\d$' THEN
        RETURN budget.period_local_start(value::date + CASE WHEN is_end THEN 1 ELSE 0 END, time_zone);
    ELSIF value ~ '([Zz]|[+-]\d\d:?\d\d)$' THEN
        RETURN value::timestamptz;
    END IF;
    RETURN value::timestamp AT TIME ZONE time_zone;
EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format THEN
    PERFORM budget.fail(422, 'invalid_time', CASE WHEN is_end THEN '?end_date' ELSE '?start_date' END,
        format('%s is no date or RFC 3339 timestamp: send 2026-01-31 or 2026-01-31T08:00:00Z.', value));
END $$;
