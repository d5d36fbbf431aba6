-- GET /budgets/{id}/summary?period=: one item per enabled policy of the budget (and per scope of session policies), of
-- one period or all. A period that no unfiltered policy of the budget covers is shown without limits, from the records
-- charged to the budget or below: the one asked for, or, for a budget without policies, daily, weekly and monthly.
CREATE OR REPLACE FUNCTION budget.budget_summary(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    owner budget.budget;
    wanted constant text := args ->> 'period';
    at constant timestamptz := clock_timestamp();
    revisions integer[];
    bare text[] := '{}';
    items json;
BEGIN
    PERFORM budget.enter(tenant, context);
    owner := budget.budget_find((args ->> 'id')::uuid);
    revisions := ARRAY(SELECT p.revision FROM budget.policy p WHERE p.tenant_id = budget.tenant()
        AND p.budget_id = owner.budget_id
        AND p.enabled AND (wanted IS NULL OR p.period = wanted));
    IF wanted IS NULL AND cardinality(revisions) = 0 THEN
        bare := '{daily,weekly,monthly}';
    ELSIF wanted NOT IN ('per_session', 'per_task', 'rolling') AND NOT EXISTS (
        SELECT FROM budget.policy p WHERE p.tenant_id = budget.tenant() AND p.revision = ANY (revisions)
           AND coalesce(p.tier, p.provider, p.model, p.component, p.task_type) IS NULL) THEN
        bare := ARRAY[wanted];
    END IF;
    SELECT coalesce(json_agg(line.body ORDER BY line.rank, line.policy_id, line.spent DESC), '[]') INTO items FROM (
        SELECT array_position(budget.periods(), p.period) AS rank, p.policy_id, s.spent_cost AS spent,
            budget.budget_summary_json(owner, p, s) AS body
        FROM budget.policy p JOIN budget.policy_standing(revisions, at) s ON s.revision = p.revision
            WHERE p.tenant_id = budget.tenant()
        UNION ALL
        SELECT array_position(budget.periods(), t.period), NULL, t.cost, budget.budget_total_json(owner, t)
        FROM unnest(bare) AS b (period) CROSS JOIN LATERAL budget.budget_total(owner, b.period, at) t) line;
    RETURN ROW(NULL, json_build_object('items', items, 'total', json_array_length(items), 'page', 1,
        'limit', json_array_length(items),
        'next_cursor', NULL), NULL)::budget.reply;
END $$;

CREATE OR REPLACE FUNCTION budget.periods() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT '{hourly,daily,weekly,monthly,quarterly,yearly,lifetime,rolling,per_session,per_task}'::text[]
$$;

-- What was charged to a budget or below in a calendar period, from the records.
CREATE OR REPLACE FUNCTION budget.budget_total(owner budget.budget, wanted_period text, at timestamptz, OUT period text,
    OUT period_start timestamptz, OUT period_end timestamptz, OUT cost numeric, OUT ceiling numeric, OUT tokens bigint)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    shapes constant integer[] := ARRAY(SELECT s.shape_id FROM budget.shape s
        JOIN budget.budget b ON b.tenant_id = s.tenant_id AND b.budget_id = s.budget_id
        WHERE s.tenant_id = owner.tenant_id AND b.path @> ARRAY[owner.budget_id]);
BEGIN
    period := wanted_period;
    SELECT b.period_start, b.period_end INTO period_start, period_end
    FROM budget.period_bounds(wanted_period, owner.time_zone, owner.week_start, owner.month_reset_day, NULL, at) b;
    SELECT coalesce(sum(u.cost), 0), coalesce(sum(u.ceiling_cost), 0),
        coalesce(sum(u.total_tokens), 0)::bigint INTO cost, ceiling, tokens
    FROM budget.usage_record u
    WHERE u.tenant_id = owner.tenant_id AND u.charged_at >= period_start AND u.charged_at < period_end
      AND u.record_id >= budget.record_floor(period_start) AND u.shape_id = ANY (shapes);
    SELECT budget_total.cost + coalesce(sum(c.delta_cost), 0), ceiling + coalesce(sum(c.delta_ceiling), 0) INTO cost,
        ceiling
    FROM budget.correction c JOIN budget.usage_record u ON u.tenant_id = c.tenant_id AND u.record_id = c.record_id
    WHERE c.tenant_id = owner.tenant_id AND c.record_id >= budget.record_floor(period_start)
      AND u.charged_at >= period_start AND u.charged_at < period_end AND u.shape_id = ANY (shapes);
END $$;
