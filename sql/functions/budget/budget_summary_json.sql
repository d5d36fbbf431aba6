-- One element of a budget's summary: Tekton's BudgetSummary, and what is held, when it resets, how far over it is.
-- Percentages are fractions, as there. total_cost is what is priced; limits count unpriced_cost (the ceiling) too.
CREATE OR REPLACE FUNCTION budget.budget_summary_json(owner budget.budget, item budget.policy, s record) RETURNS json
LANGUAGE plpgsql STABLE AS $$
DECLARE
    counted constant numeric := s.spent_cost + s.ceiling_cost;
    cost_max constant numeric := item.cost_limit + s.approved_cost;
    tokens_max constant bigint := item.token_limit + s.approved_tokens;
BEGIN
    RETURN json_build_object('budget_id', owner.budget_id, 'policy_id', item.policy_id, 'type', item.type,
        'period', item.period,
        'window_seconds', item.window_seconds, 'scope', nullif(s.scope, ''), 'tier', item.tier,
        'provider', item.provider, 'model', item.model,
        'component', item.component, 'task_type', item.task_type, 'currency', owner.currency,
        'total_tokens_allocated', s.spent_tokens + s.held_tokens, 'total_tokens_used', s.spent_tokens,
        'tokens_held', s.held_tokens,
        'token_limit', item.token_limit, 'token_usage_percentage', budget.usage_fraction(NULL, NULL, s.spent_tokens,
        item.token_limit),
        'total_cost', budget.decimal(s.spent_cost), 'unpriced_cost', budget.decimal(s.ceiling_cost),
        'cost_held', budget.decimal(s.held_cost),
        'cost_limit', budget.decimal(item.cost_limit),
        'cost_usage_percentage', budget.usage_fraction(counted, item.cost_limit, NULL, NULL),
        'active_allocations', s.active_holds, 'start_time', budget.utc(s.period_start),
        'end_time', budget.utc(s.period_end),
        'resets_at', budget.utc(s.resets_at), 'remaining_tokens',
        budget.not_below_zero(tokens_max - s.spent_tokens - s.held_tokens),
        'remaining_cost', budget.not_below_zero(cost_max - counted - s.held_cost),
        'token_limit_exceeded', coalesce(s.spent_tokens > item.token_limit, false),
        'cost_limit_exceeded', coalesce(counted > item.cost_limit, false),
        'over_by', budget.not_below_zero(counted - item.cost_limit),
        'tokens_over_by', budget.not_below_zero(s.spent_tokens - item.token_limit),
        'over_by_causes', CASE WHEN counted > item.cost_limit OR s.spent_tokens > item.token_limit
            THEN budget.over_by_causes(item, s.scope, s.period_start, s.period_end, counted - item.cost_limit,
                s.spent_tokens - item.token_limit, clock_timestamp()) ELSE '[]' END,
        'approved_cost', budget.decimal(s.approved_cost), 'approved_tokens', s.approved_tokens,
        'warning_threshold', budget.decimal(item.warning_threshold),
        'action_threshold', budget.decimal(item.action_threshold),
        'level', budget.usage_level(item, counted, s.spent_tokens));
END $$;

-- The same element for a period without a policy: what was used, and no limits. t: a row of budget_total().
CREATE OR REPLACE FUNCTION budget.budget_total_json(owner budget.budget, t record) RETURNS json
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    nothing budget.policy;
BEGIN
    nothing.period := t.period;
    RETURN budget.budget_summary_json(owner, nothing, standing) FROM (
        SELECT NULL::text AS scope, t.period_start, t.period_end, CASE WHEN isfinite(t.period_end)
            THEN t.period_end END AS resets_at,
            t.cost AS spent_cost, t.ceiling AS ceiling_cost, t.tokens AS spent_tokens, 0::numeric AS held_cost,
                0::bigint AS held_tokens,
            0::bigint AS active_holds, 0::numeric AS approved_cost, 0::bigint AS approved_tokens) standing;
END $$;
