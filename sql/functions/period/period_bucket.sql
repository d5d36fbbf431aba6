-- Rolling windows are summed in buckets: a 300th of the window, rounded up to whole minutes, aligned to the epoch.
-- A window counts from the start of the bucket in which it begins: never less than the window, at most a bucket more.

CREATE OR REPLACE FUNCTION budget.period_bucket_seconds(window_seconds integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ((window_seconds + 17999) / 18000) * 60
$$;

-- Start of the bucket an instant lies in.
CREATE OR REPLACE FUNCTION budget.period_bucket(window_seconds integer, at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT date_bin(make_interval(secs => budget.period_bucket_seconds(window_seconds)), at, 'epoch'::timestamptz)
$$;

-- First bucket that counts at an instant: sum counters with period_start >= this one.
CREATE OR REPLACE FUNCTION budget.period_window_floor(window_seconds integer, at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT budget.period_bucket(window_seconds, at - make_interval(secs => window_seconds))
$$;
