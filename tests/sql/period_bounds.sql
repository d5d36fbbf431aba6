-- Periods: half-open, every instant in exactly one, whatever the clocks of the zone do (rule 5).
BEGIN;
SELECT plan(43);

CREATE FUNCTION pg_temp.bounds(period text, zone text, at timestamptz, week_start integer DEFAULT 1,
    reset_day integer DEFAULT 1,
    window_seconds integer DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT format('%s %s', to_char(period_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                  to_char(period_end AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'))
    FROM budget.period_bounds(period, zone, week_start::smallint, reset_day::smallint, window_seconds, at)
$$;

-- plain
SELECT is(pg_temp.bounds('hourly', 'UTC', '2026-03-04 05:06:07Z'), '2026-03-04 05:00 2026-03-04 06:00', 'hourly');
SELECT is(pg_temp.bounds('daily', 'UTC', '2026-03-04 05:06:07Z'), '2026-03-04 00:00 2026-03-05 00:00', 'daily');
SELECT is(pg_temp.bounds('weekly', 'UTC', '2026-03-04 05:06:07Z'), '2026-03-02 00:00 2026-03-09 00:00',
    'weekly starts on Monday');
SELECT is(pg_temp.bounds('monthly', 'UTC', '2026-03-04 05:06:07Z'), '2026-03-01 00:00 2026-04-01 00:00', 'monthly');
SELECT is(pg_temp.bounds('quarterly', 'UTC', '2026-03-04 05:06:07Z'), '2026-01-01 00:00 2026-04-01 00:00', 'quarterly');
SELECT is(pg_temp.bounds('yearly', 'UTC', '2026-03-04 05:06:07Z'), '2026-01-01 00:00 2027-01-01 00:00', 'yearly');
SELECT results_eq($$SELECT * FROM budget.period_bounds('lifetime', 'UTC', 1::smallint, 1::smallint, NULL, now())$$,
    $$VALUES ('-infinity'::timestamptz, 'infinity'::timestamptz)$$, 'a lifetime has no bounds');
SELECT results_eq($$SELECT * FROM budget.period_bounds('per_session', 'UTC', 1::smallint, 1::smallint, NULL, now())$$,
    $$VALUES ('-infinity'::timestamptz, 'infinity'::timestamptz)$$, 'nor has a session');

-- half-open
SELECT is(pg_temp.bounds('daily', 'Europe/Berlin', '2026-01-14 22:59:59.999999Z'), '2026-01-13 23:00 2026-01-14 23:00',
    'the last microsecond of a day');
SELECT is(pg_temp.bounds('daily', 'Europe/Berlin', '2026-01-14 23:00Z'), '2026-01-14 23:00 2026-01-15 23:00',
    'midnight begins the next day');

-- daylight saving
SELECT is(pg_temp.bounds('daily', 'Europe/Berlin', '2026-03-29 12:00Z'), '2026-03-28 23:00 2026-03-29 22:00',
    'a day of 23 hours');
SELECT is(pg_temp.bounds('daily', 'Europe/Berlin', '2026-10-25 12:00Z'), '2026-10-24 22:00 2026-10-25 23:00',
    'a day of 25 hours');
SELECT is(pg_temp.bounds('monthly', 'America/New_York', '2026-03-20 12:00Z'), '2026-03-01 05:00 2026-04-01 04:00',
    'a month across the change');
SELECT is(pg_temp.bounds('hourly', 'Europe/Berlin', '2026-10-25 00:30Z'), '2026-10-25 00:00 2026-10-25 01:00',
    'a repeated local hour: the first');
SELECT is(pg_temp.bounds('hourly', 'Europe/Berlin', '2026-10-25 01:30Z'), '2026-10-25 01:00 2026-10-25 02:00',
    'a repeated local hour: the second');
SELECT is(pg_temp.bounds('hourly', 'Europe/Berlin', '2026-03-29 01:30Z'), '2026-03-29 01:00 2026-03-29 02:00',
    'the hour after the leap');
SELECT is(pg_temp.bounds('hourly', 'Australia/Lord_Howe', '2026-04-04 14:45Z'), '2026-04-04 14:00 2026-04-04 15:00',
    'a move of half an hour cuts: before');
SELECT is(pg_temp.bounds('hourly', 'Australia/Lord_Howe', '2026-04-04 15:15Z'), '2026-04-04 15:00 2026-04-04 15:30',
    'a move of half an hour cuts: after');
SELECT is(pg_temp.bounds('hourly', 'Pacific/Chatham', '2026-04-04 13:30Z'), '2026-04-04 13:15 2026-04-04 14:00',
    'an hour ends where the clocks go back from its midst, also when a quarter later it is that hour again');
SELECT is(pg_temp.bounds('hourly', 'Pacific/Chatham', '2026-04-04 14:05Z'), '2026-04-04 14:00 2026-04-04 14:15',
    'and the rest of the hour before is an hour of its own');
SELECT is(pg_temp.bounds('hourly', 'Australia/Lord_Howe', '2026-10-03 15:15Z'), '2026-10-03 14:30 2026-10-03 15:30',
    'a leap of half an hour: before');
SELECT is(pg_temp.bounds('hourly', 'Australia/Lord_Howe', '2026-10-03 15:45Z'), '2026-10-03 15:30 2026-10-03 16:00',
    'a leap of half an hour: after');

-- midnights
SELECT is(pg_temp.bounds('daily', 'Africa/Cairo', '2026-04-24 10:00Z'), '2026-04-23 22:00 2026-04-24 21:00',
    'a missing midnight: the day starts at its first instant');
SELECT is(pg_temp.bounds('daily', 'Africa/Cairo', '2026-04-23 21:59Z'), '2026-04-22 22:00 2026-04-23 22:00',
    'and the day before ends there');
SELECT is(pg_temp.bounds('daily', 'America/Havana', '2026-11-01 04:30Z'), '2026-11-01 04:00 2026-11-02 05:00',
    'midnight twice: the day starts at the first');
SELECT is(pg_temp.bounds('daily', 'America/Havana', '2026-11-01 05:30Z'), '2026-11-01 04:00 2026-11-02 05:00',
    'and goes on at the second');
SELECT is(pg_temp.bounds('daily', 'America/St_Johns', '2010-11-07 02:45Z'), '2010-11-07 02:30 2010-11-08 03:30',
    'clocks set back over midnight: the day does not begin twice');
SELECT is(pg_temp.bounds('daily', 'Pacific/Apia', '2011-12-30 10:00Z'), '2011-12-30 10:00 2011-12-31 10:00',
    'a day that never was');

-- odd zones
SELECT is(pg_temp.bounds('daily', 'Asia/Kathmandu', '2026-03-04 18:14Z'), '2026-03-03 18:15 2026-03-04 18:15',
    'a zone of quarter hours');
SELECT is(pg_temp.bounds('hourly', 'Asia/Kathmandu', '2026-03-04 18:14Z'), '2026-03-04 17:15 2026-03-04 18:15',
    'its hours');
SELECT is(pg_temp.bounds('weekly', 'Pacific/Chatham', '2026-03-04 12:00Z', 7), '2026-02-28 10:15 2026-03-07 10:15',
    'a week from Sunday in the Chathams');

-- week start, reset day
SELECT is(pg_temp.bounds('weekly', 'UTC', '2026-03-04 12:00Z', 3), '2026-03-04 00:00 2026-03-11 00:00',
    'a week from Wednesday, on one');
SELECT is(pg_temp.bounds('weekly', 'UTC', '2026-03-04 12:00Z', 4), '2026-02-26 00:00 2026-03-05 00:00',
    'a week from Thursday, on its last day');
SELECT is(pg_temp.bounds('monthly', 'UTC', '2026-03-04 12:00Z', 1, 15), '2026-02-15 00:00 2026-03-15 00:00',
    'a month from the 15th');
SELECT is(pg_temp.bounds('monthly', 'UTC', '2026-02-28 00:00Z', 1, 31), '2026-02-28 00:00 2026-03-31 00:00',
    'reset day 31 is the last of February');
SELECT is(pg_temp.bounds('monthly', 'UTC', '2028-02-28 12:00Z', 1, 31), '2028-01-31 00:00 2028-02-29 00:00',
    'and the 29th of a leap year');
SELECT is(pg_temp.bounds('monthly', 'UTC', '2026-04-30 00:00Z', 1, 31), '2026-04-30 00:00 2026-05-31 00:00',
    'and the 30th of April');
SELECT is(pg_temp.bounds('quarterly', 'UTC', '2026-04-09 12:00Z', 1, 10), '2026-01-10 00:00 2026-04-10 00:00',
    'quarters honour the reset day');
SELECT is(pg_temp.bounds('yearly', 'UTC', '2026-01-09 12:00Z', 1, 10), '2025-01-10 00:00 2026-01-10 00:00',
    'years honour the reset day');

-- rolling
SELECT is(pg_temp.bounds('rolling', 'UTC', '2026-03-04 05:06:07Z', 1, 1, 86400), '2026-03-04 05:05 2026-03-04 05:10',
    'buckets of a rolling day: 5 minutes');
SELECT is(pg_temp.bounds('rolling', 'UTC', '2026-03-04 05:06:07Z', 1, 1, 3600), '2026-03-04 05:06 2026-03-04 05:07',
    'never below a minute');
SELECT is(budget.period_window_floor(3600, '2026-03-04 05:06:07Z'), '2026-03-04 04:06Z'::timestamptz,
    'a window counts from the bucket it begins in: never less than the window');

-- the law, over every zone change of 2024 … 2026 in zones that move in all the odd ways
SELECT is_empty($$
    WITH change AS (
        SELECT zone, budget.period_shift(zone, hour, hour + interval '6 hours') AS at
        FROM unnest('{Europe/Berlin,America/Havana,Africa/Cairo,Australia/Lord_Howe,America/Santiago,Asia/Beirut,Pacific/Chatham,Africa/Casablanca}'::text[]) zone,
             generate_series('2024-01-01Z'::timestamptz, '2026-12-31Z', interval '6 hours') hour),
    probe AS (
        SELECT zone, period, reset_day::smallint, change.at + shift AS at
        FROM change, unnest('{hourly,daily,weekly,monthly,quarterly,yearly}'::text[]) period,
            unnest('{1,31}'::int[]) reset_day,
             unnest('{-25 h,-61 min,-29 min,-1 us,0 min,31 min,25 h}'::interval[]) shift
        WHERE change.at IS NOT NULL)
    SELECT zone, period, at, b.* FROM probe,
        LATERAL budget.period_bounds(period, zone, 3::smallint, reset_day, NULL, at) b,
        LATERAL budget.period_bounds(period, zone, 3::smallint, reset_day, NULL, b.period_start) first,
        LATERAL budget.period_bounds(period, zone, 3::smallint, reset_day, NULL, b.period_end - interval '1 us') last,
        LATERAL budget.period_bounds(period, zone, 3::smallint, reset_day, NULL, b.period_end) next
    WHERE NOT (b.period_start <= at AND at < b.period_end AND first = b AND last = b
        AND next.period_start = b.period_end)
$$, 'periods follow each other without gap or overlap');

SELECT * FROM finish();
ROLLBACK;
