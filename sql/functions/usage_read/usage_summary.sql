-- P,G /usage/summary {period, start_time, end_time (or start_date, end_date), filters}: Tekton's UsageSummary, and what
-- it leaves out. Bounds win over the period's own; with neither, the current month.
CREATE OR REPLACE FUNCTION budget.usage_summary(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    PERFORM budget.enter(tenant, context);
    RETURN (NULL::integer, budget.usage_summary_json(args), NULL::text);
END $$;

-- GET /usage/{period}: the same for a period named in the path.
CREATE OR REPLACE FUNCTION budget.usage_period(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    word text := replace(lower(args ->> 'period'), '-', '_');
BEGIN
    PERFORM budget.enter(tenant, context);
    word := CASE word WHEN 'hour' THEN 'hourly' WHEN 'day' THEN 'daily' WHEN 'today' THEN 'daily'
        WHEN 'week' THEN 'weekly' WHEN 'month' THEN 'monthly' WHEN 'quarter' THEN 'quarterly'
        WHEN 'year' THEN 'yearly' WHEN 'annual' THEN 'yearly' WHEN 'all' THEN 'lifetime'
        WHEN 'total' THEN 'lifetime' WHEN 'session' THEN 'per_session' WHEN 'task' THEN 'per_task' ELSE word END;
    IF word NOT IN ('hourly', 'daily', 'weekly', 'monthly', 'quarterly', 'yearly', 'lifetime', 'per_session',
        'per_task') THEN
        PERFORM budget.fail(404, 'period_not_found', '/period', format(
            'There is no period "%s": use hourly, daily, weekly, monthly, quarterly, yearly, lifetime, per_session or '
            'per_task.', args ->> 'period'));
    END IF;
    RETURN (NULL::integer, budget.usage_summary_json(args || jsonb_build_object('period', word)), NULL::text);
END $$;

-- Bounds of a summary. per_session and per_task are the whole life of the context or task named.
CREATE OR REPLACE FUNCTION budget.usage_summary_range(args jsonb, OUT period text, OUT starts timestamptz,
    OUT ends timestamptz) LANGUAGE plpgsql STABLE AS $$
DECLARE
    zone budget.budget := budget.zone_in_sight((args ->> 'budget_id')::uuid);
    id   text := CASE args ->> 'period' WHEN 'per_session' THEN 'context_id' WHEN 'per_task' THEN 'task_id' END;
BEGIN
    period := args ->> 'period';
    SELECT r.starts, r.ends INTO starts, ends FROM budget.usage_range(args || jsonb_strip_nulls(jsonb_build_object(
        'start_date', args -> 'start_time', 'end_date', args -> 'end_time'))) AS r;
    IF period = 'rolling' THEN
        PERFORM budget.fail(422, 'window_needed', '/period',
            'A rolling window belongs to a policy: send start_time and end_time here.');
    ELSIF id IS NOT NULL AND args ->> id IS NULL THEN
        PERFORM budget.fail(422, 'missing_field', '/' || id,
            format('A summary %s needs %s: name the one to sum up.', period, id));
    ELSIF starts IS NULL AND ends IS NULL THEN
        period := coalesce(period, 'monthly');
        SELECT nullif(b.period_start, '-infinity'), nullif(b.period_end, 'infinity') INTO starts, ends
          FROM budget.period_bounds(period, zone.time_zone, zone.week_start, zone.month_reset_day, NULL,
              clock_timestamp()) AS b;
    END IF;
END $$;
