-- A time as a client sent it: RFC 3339, without zone read in time_zone; a bare date is the end of that day there.
CREATE OR REPLACE FUNCTION budget.time_in(value text, time_zone text) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN CASE WHEN value ~ '^\d{4}-\d\d-\d\d$' THEN budget.period_local_start((value::date + 1)::timestamp, time_zone)
                WHEN value ~* '(z|[+-]\d\d(:?\d\d)?)$' THEN value::timestamptz
                ELSE value::timestamp AT TIME ZONE time_zone END;
END $$;
