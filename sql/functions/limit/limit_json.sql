-- A policy with where it stands: used, held and remaining of its limits. s: a row of policy_standing(), NULL =
-- disabled. used counts unpriced usage at its ceiling, as the limit does; what of it is unpriced stands beside.
-- denials: how often it refused in this period, approximately (counted in the handlers, brought here once a second).
CREATE OR REPLACE FUNCTION budget.limit_json(item budget.policy, owner budget.budget, s record) RETURNS json
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    cost_max constant numeric := item.cost_limit + s.approved_cost;
    tokens_max constant bigint := item.token_limit + s.approved_tokens;
    cost_used constant numeric := s.spent_cost + s.ceiling_cost;
BEGIN
    RETURN json_build_object('policy_id', item.policy_id, 'budget_id', item.budget_id, 'budget_name', owner.name,
        'type', item.type,
        'period', item.period, 'window_seconds', item.window_seconds, 'scope', nullif(s.scope, ''),
        'filters', json_build_object('tier', item.tier, 'provider', item.provider, 'model', item.model,
        'component', item.component,
                                     'task_type', item.task_type),
        'currency', owner.currency, 'cost_limit', budget.decimal(item.cost_limit),
        'cost_used', budget.decimal(cost_used),
        'unpriced_cost', budget.decimal(s.ceiling_cost), 'cost_held', budget.decimal(s.held_cost),
        'remaining_cost', budget.not_below_zero(cost_max - cost_used - s.held_cost),
        'token_limit', item.token_limit, 'tokens_used', s.spent_tokens, 'tokens_held', s.held_tokens,
        'remaining_tokens', budget.not_below_zero(tokens_max - s.spent_tokens - s.held_tokens),
        'usage_percentage', budget.usage_fraction(cost_used, item.cost_limit, s.spent_tokens, item.token_limit),
        'over_by', budget.not_below_zero(cost_used - item.cost_limit),
        'tokens_over_by', budget.not_below_zero(s.spent_tokens - item.token_limit),
        'over_by_causes', CASE WHEN cost_used > item.cost_limit OR s.spent_tokens > item.token_limit
            THEN budget.over_by_causes(item, s.scope, s.period_start, s.period_end, cost_used - item.cost_limit,
                s.spent_tokens - item.token_limit, clock_timestamp()) ELSE '[]' END,
        'approved_cost', budget.decimal(s.approved_cost), 'approved_tokens', s.approved_tokens,
        'period_start', budget.utc(s.period_start), 'period_end', budget.utc(s.period_end),
        'resets_at', budget.utc(s.resets_at),
        'warning_threshold', budget.decimal(item.warning_threshold),
        'action_threshold', budget.decimal(item.action_threshold),
        'level', budget.usage_level(item, cost_used, s.spent_tokens),
        'denials', budget.denials_since(item.revision, s.period_start), 'enabled', item.enabled, 'version', item.version);
END $$;

-- Used part of the tighter limit, as a fraction to six digits; a limit of 0 is full. NULL without limits.
CREATE OR REPLACE FUNCTION budget.usage_fraction(cost numeric, cost_limit numeric, tokens bigint, token_limit bigint)
    RETURNS numeric
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN trim_scale(round(greatest(CASE WHEN cost_limit = 0 THEN 1 ELSE cost / cost_limit END,
                                     CASE WHEN token_limit = 0 THEN 1 ELSE tokens::numeric / token_limit END), 6));
END $$;

-- How far usage has come: ok, warning, action, exceeded (at the limit).
CREATE OR REPLACE FUNCTION budget.usage_level(item budget.policy, cost numeric, tokens bigint) RETURNS text
    LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN CASE WHEN cost >= item.cost_limit OR tokens >= item.token_limit THEN 'exceeded'
        WHEN cost >= item.cost_limit * item.action_threshold OR tokens >= item.token_limit * item.action_threshold
            THEN 'action'
        WHEN cost >= item.cost_limit * item.warning_threshold OR tokens >= item.token_limit * item.warning_threshold
            THEN 'warning'
        ELSE 'ok' END;
END $$;
