-- GET /reports/summary {period | start_date, end_date, budget_id, provider, model, component, task_type, tier, top}:
-- what was spent, by what, against which limits, beside the span before. Without period or dates: the current month.
CREATE OR REPLACE FUNCTION budget.report_summary(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    zone   budget.budget;
    span   record;
    parts  budget.usage_sum[];
    total  budget.usage_sum;
BEGIN
    PERFORM budget.enter(tenant, context);
    zone := budget.zone_in_sight((args ->> 'budget_id')::uuid);
    SELECT * INTO span FROM budget.usage_summary_range(args);
    parts := ARRAY(SELECT s FROM budget.usage_sums(args, span.starts, span.ends) AS s);
    total := budget.usage_total(parts);
    RETURN (NULL::integer, json_build_object(
        'period', span.period, 'budget_id', args ->> 'budget_id', 'currency', zone.currency,
        'time_zone', zone.time_zone,
        'start_time', budget.utc(span.starts), 'end_time', budget.utc(span.ends),
        'generated_at', budget.utc(clock_timestamp()),
        'totals', budget.usage_group_json(total),
        'unpriced', json_build_object('count', total.unpriced_count, 'tokens', total.unpriced_tokens,
                                      'ceiling_cost', budget.decimal(total.ceiling_cost)),
        'corrections', json_build_object('count', total.correction_count,
                                         'cost', budget.decimal(total.correction_cost)),
        'comparison', budget.report_comparison(args, span.period, span.starts, span.ends, zone, total),
        'top', budget.report_top(parts, total, coalesce((args ->> 'top')::integer, 5)),
        'limits', budget.report_limits((args ->> 'budget_id')::uuid),
        'alerts', budget.report_alerts((args ->> 'budget_id')::uuid)),
        NULL::text);
END $$;

-- The span before this one, as far into it as we are into this: half a month is compared with half a month, not a
-- whole. NULL where there is none (lifetime, an open start).
CREATE OR REPLACE FUNCTION budget.report_comparison(args jsonb, period text, starts timestamptz, ends timestamptz,
    zone budget.budget, total budget.usage_sum) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    upto        timestamptz := least(ends, clock_timestamp());
    prior_start timestamptz := starts - (ends - starts);
    prior_end   timestamptz;
    prior       budget.usage_sum;
BEGIN
    IF starts IS NULL OR upto <= starts THEN
        RETURN NULL;
    ELSIF period IS NOT NULL AND args ->> 'start_date' IS NULL AND args ->> 'start_time' IS NULL THEN
        SELECT b.period_start INTO prior_start FROM budget.period_bounds(period, zone.time_zone, zone.week_start,
            zone.month_reset_day, NULL, starts - interval '1 microsecond') AS b;
    ELSIF ends IS NULL THEN
        prior_start := starts - (upto - starts);
    END IF;
    prior_end := least(prior_start + (upto - starts), starts);
    prior := budget.usage_total(ARRAY(SELECT s FROM budget.usage_sums(args, prior_start, prior_end) AS s));
    RETURN json_build_object('start_time', budget.utc(prior_start), 'end_time', budget.utc(prior_end),
        'cost', budget.decimal(prior.cost), 'total_tokens', prior.total_tokens, 'count', prior.count,
        'cost_change', budget.decimal(total.cost - prior.cost),
        'cost_change_fraction', trim_scale(round((total.cost - prior.cost) / nullif(prior.cost, 0), 6)),
        'tokens_change', total.total_tokens - prior.total_tokens);
END $$;

-- The dearest few of each dimension, with their share of the cost; `others` holds what they leave, so each list
-- adds up.
CREATE OR REPLACE FUNCTION budget.report_top(parts budget.usage_sum[], total budget.usage_sum, size integer)
RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_object_agg(wanted.name, coalesce(lists.items, '[]') ORDER BY wanted.n)
      FROM unnest(ARRAY['provider', 'model', 'component', 'task_type']) WITH ORDINALITY AS wanted (name, n)
      LEFT JOIN (
          SELECT line.name, json_agg(json_build_object('name', line.key, 'cost', budget.decimal(line.cost),
                     'total_tokens', line.tokens, 'count', line.count, 'unpriced_count', line.unpriced,
                     'share', trim_scale(round(line.cost / nullif((total).cost, 0), 6))) ORDER BY line.place) AS items
            FROM (SELECT g.name, CASE WHEN g.place <= size THEN g.key ELSE 'others' END AS key,
                         least(g.place, size + 1) AS place,
                         sum((g.sums).cost) AS cost, sum((g.sums).total_tokens) AS tokens, sum((g.sums).count) AS count,
                         sum((g.sums).unpriced_count) AS unpriced
                    FROM (SELECT *, row_number() OVER (PARTITION BY name
                                 ORDER BY (sums).cost DESC, (sums).total_tokens DESC, key) AS place
                            FROM budget.usage_grouped(parts)) AS g
                   GROUP BY 1, 2, 3) AS line
           GROUP BY line.name) AS lists ON lists.name = wanted.name
$$;

-- Limits in sight with what is used, held and left of each: those of active budgets, fullest first, at most 100.
CREATE OR REPLACE FUNCTION budget.report_limits(wanted uuid) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    seen uuid[] := budget.budgets_in_sight(wanted);
    ids  uuid[] := ARRAY(SELECT p.policy_id FROM budget.policy p
        JOIN budget.budget b ON b.tenant_id = p.tenant_id AND b.budget_id = p.budget_id AND b.is_active
        WHERE p.tenant_id = budget.tenant() AND p.enabled AND p.budget_id = ANY (seen) ORDER BY p.policy_id LIMIT 100);
BEGIN
    RETURN (SELECT coalesce(json_agg(item ORDER BY (item ->> 'usage_percentage')::numeric DESC NULLS LAST, n), '[]')
              FROM json_array_elements(budget.limit_items(ids)) WITH ORDINALITY AS listed (item, n));
END $$;

-- Open alerts: how many, how bad, and the newest five.
CREATE OR REPLACE FUNCTION budget.report_alerts(wanted uuid) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    args jsonb := jsonb_strip_nulls(jsonb_build_object('budget_id', wanted, 'acknowledged', false));
    seen uuid[] := budget.budgets_in_sight(wanted);
BEGIN
    RETURN (SELECT json_build_object('open', count(*), 'error', count(*) FILTER (WHERE a.severity = 'error'),
                'warning', count(*) FILTER (WHERE a.severity = 'warning'), 'info', count(*)
                FILTER (WHERE a.severity = 'info'),
                'items', (SELECT coalesce(json_agg(budget.alert_json(newest) ORDER BY newest.alert_id DESC), '[]')
                            FROM (SELECT x.* FROM budget.alerts_found(args, seen) AS x ORDER BY x.alert_id DESC
                                LIMIT 5) AS newest))
              FROM budget.alerts_found(args, seen) AS a);
END $$;
