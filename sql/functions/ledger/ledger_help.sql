-- What a decision says beside its numbers: which policy of which budget decided, when it resets, and how to ask for more
-- where asking helps. The same members for every decision, so that check and a refusal have one shape.
CREATE OR REPLACE FUNCTION budget.ledger_help(p_tenant uuid, item budget.ledger_item, verdict budget.ledger_verdict,
    slot budget.ledger_slot, p_t timestamptz) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    resets_at constant timestamptz := CASE WHEN slot.period = 'rolling'
        THEN budget.window_resets_at(p_tenant, slot, item)
        WHEN slot.period NOT IN ('lifetime', 'per_session', 'per_task') THEN slot.period_end END;
    decided json;
BEGIN
    SELECT json_build_object('policy_id', p.policy_id, 'budget_id', p.budget_id, 'budget_name', b.name, 'type', p.type,
               'period', p.period, 'scope', nullif(slot.scope, ''), 'unit', verdict.unit) INTO decided
      FROM budget.policy p JOIN budget.budget b ON b.tenant_id = p.tenant_id AND b.budget_id = p.budget_id
     WHERE p.tenant_id = p_tenant AND p.policy_id = slot.policy_id;
    RETURN concat(',"decided_by":', coalesce(decided::text, 'null'),
        ',"resets_at":', CASE WHEN isfinite(resets_at) THEN '"' || budget.utc(resets_at) || '"' ELSE 'null' END,
        ',"approval":', CASE WHEN verdict.decision = 'approval_required'
            THEN budget.ledger_approval_text(slot, item) ELSE 'null' END);
END $$;

-- The request that asks for just as much headroom as is missing, ready to be sent.
CREATE OR REPLACE FUNCTION budget.ledger_approval_text(slot budget.ledger_slot, item budget.ledger_item) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    cost constant numeric := slot.spent_cost + slot.held_cost - slot.expired_cost + item.hold_cost
        - slot.cost_limit - slot.approved_cost;
    tokens constant bigint := slot.spent_tokens + slot.held_tokens - slot.expired_tokens + item.hold_tokens
        - slot.token_limit - slot.approved_tokens;
BEGIN
    RETURN json_build_object('method', 'POST', 'href', '/api/v1/approvals', 'body', json_strip_nulls(json_build_object(
        'policy_id', slot.policy_id, 'amount', CASE WHEN cost > 0 THEN budget.decimal(cost) END,
        'tokens', CASE WHEN tokens > 0 THEN tokens END, 'context_id', item.context_id)));
END $$;

-- When a rolling window will have room for this request, as far as it is what was spent that fills it: the moment the
-- last bucket that must go falls out. With room: when the first amount does. NULL: held money must go first, or nothing
-- is in the window.
CREATE OR REPLACE FUNCTION budget.window_resets_at(p_tenant uuid, slot budget.ledger_slot, item budget.ledger_item)
RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    cost_due constant numeric := coalesce(slot.spent_cost + slot.held_cost - slot.expired_cost + item.hold_cost
        - slot.cost_limit - slot.approved_cost, 0);
    tokens_due constant bigint := coalesce(slot.spent_tokens + slot.held_tokens - slot.expired_tokens + item.hold_tokens
        - slot.token_limit - slot.approved_tokens, 0);
BEGIN
    RETURN (SELECT b.period_start + make_interval(secs => slot.window_seconds
                + budget.period_bucket_seconds(slot.window_seconds))
        FROM (SELECT c.period_start, sum(c.spent_cost + c.ceiling_cost) OVER (ORDER BY c.period_start) AS cost,
                     sum(c.spent_tokens) OVER (ORDER BY c.period_start) AS tokens
                FROM budget.counter c WHERE c.tenant_id = p_tenant AND c.revision = slot.revision
                 AND c.scope = slot.scope AND c.period_start >= slot.window_floor) b
        WHERE b.cost >= cost_due AND b.tokens >= tokens_due AND (b.cost > 0 OR b.tokens > 0)
        ORDER BY b.period_start LIMIT 1);
END $$;
