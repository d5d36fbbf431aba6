-- The decision on requests as of p_t, without effect: what check answers and what a refusal explains.
-- p_items: reserve or check items whose error_status is NULL. One moment's reading; promises nothing.
CREATE OR REPLACE FUNCTION budget.ledger_decide(p_tenant uuid, p_items budget.ledger_item[], p_t timestamptz)
RETURNS TABLE (n integer, decision text, body json, deciding budget.ledger_slot, deciding_unit text) LANGUAGE plpgsql AS $$
DECLARE
    item budget.ledger_item;
    slots budget.ledger_slot[];
    verdict budget.ledger_verdict;
BEGIN
    slots := budget.ledger_slots_of(p_tenant, p_items, p_t);
    FOR k IN 1 .. coalesce(cardinality(slots), 0) LOOP -- a quote shows headroom exactly
        slots[k] := budget.ledger_slack(p_tenant, slots[k], p_t);
    END LOOP;
    FOREACH item IN ARRAY p_items LOOP
        FOR k IN 1 .. coalesce(cardinality(slots), 0) LOOP
            slots[k] := budget.ledger_approve(slots[k], item, p_t);
        END LOOP;
        verdict := budget.ledger_judge(item, slots);
        n := item.n;
        decision := verdict.decision;
        deciding := slots[verdict.slot];
        deciding_unit := verdict.unit;
        body := budget.ledger_decision_json(p_tenant, item, slots, verdict);
        RETURN NEXT;
    END LOOP;
END $$;

-- Slots of all policies that count these items, unlocked.
CREATE OR REPLACE FUNCTION budget.ledger_slots_of(p_tenant uuid, p_items budget.ledger_item[], p_t timestamptz)
RETURNS budget.ledger_slot[] LANGUAGE plpgsql AS $$
DECLARE
    revisions integer[];
    scopes text[];
BEGIN
    SELECT array_agg(w.revision), array_agg(w.scope) INTO revisions, scopes
      FROM (SELECT DISTINCT r.revision, budget.scope_of(r.period, i.context_id, i.task_id) AS scope
              FROM unnest(p_items) i CROSS JOIN LATERAL unnest(i.revisions) AS wanted
              JOIN budget.policy_revision r ON r.tenant_id = p_tenant AND r.revision = wanted) w;
    RETURN budget.ledger_slots(p_tenant, revisions, scopes, p_t);
END $$;

-- The strictest answer over the policies that count an item: block > approval_required > warn > allow.
-- Deciding is the policy that gave it; for allow, the one with the least left of its limit.
CREATE OR REPLACE FUNCTION budget.ledger_judge(item budget.ledger_item, slots budget.ledger_slot[]) RETURNS budget.ledger_verdict
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    slot budget.ledger_slot;
    fits record;
    rank integer;
    best_rank integer := -1;
    part numeric;
    best_part numeric := -1;
    verdict budget.ledger_verdict;
BEGIN
    FOR k IN 1 .. coalesce(cardinality(slots), 0) LOOP
        slot := slots[k];
        CONTINUE WHEN NOT slot.is_active OR slot.type = 'ignore' OR NOT slot.revision = ANY (item.revisions)
                   OR slot.scope <> budget.scope_of(slot.period, item.context_id, item.task_id);
        SELECT * INTO fits FROM budget.ledger_fits(slot, item.hold_cost, item.hold_tokens, item.allow_free);
        part := greatest((slot.spent_cost + slot.held_cost - slot.expired_cost + item.hold_cost) / nullif(slot.cost_limit + slot.approved_cost, 0),
                         (slot.spent_tokens + slot.held_tokens - slot.expired_tokens + item.hold_tokens)::numeric / nullif(slot.token_limit + slot.approved_tokens, 0), 0);
        rank := CASE WHEN fits.cost_fits AND fits.tokens_fit THEN CASE WHEN part >= slot.warning_threshold THEN 1 ELSE 0 END
                     WHEN slot.type = 'hard_limit' THEN 3 WHEN slot.type = 'soft_limit' THEN 2 ELSE 1 END;
        IF rank > best_rank OR (rank = best_rank AND part > best_part) THEN
            best_rank := rank;
            best_part := part;
            verdict.slot := k;
            verdict.unit := CASE WHEN NOT fits.cost_fits THEN 'cost' WHEN NOT fits.tokens_fit THEN 'tokens'
                                 WHEN slot.cost_limit IS NOT NULL THEN 'cost' ELSE 'tokens' END;
        END IF;
    END LOOP;
    verdict.decision := (ARRAY['allow', 'allow', 'warn', 'approval_required', 'block'])[best_rank + 2];
    RETURN verdict;
END $$;

CREATE OR REPLACE FUNCTION budget.ledger_policy_json(slot budget.ledger_slot, budget_id uuid) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object('policy_id', slot.policy_id, 'budget_id', budget_id, 'type', slot.type, 'period', slot.period,
        'period_start', CASE WHEN isfinite(slot.period_start) THEN budget.utc(slot.period_start) END,
        'period_end', CASE WHEN isfinite(slot.period_end) THEN budget.utc(slot.period_end) END,
        'token_limit', slot.token_limit, 'tokens_used', slot.spent_tokens, 'tokens_held', slot.held_tokens - slot.expired_tokens,
        'cost_limit', budget.decimal(slot.cost_limit), 'cost_used', budget.decimal(slot.spent_cost),
        'cost_held', budget.decimal(slot.held_cost - slot.expired_cost),
        'usage_percentage', round(greatest(slot.spent_cost / nullif(slot.cost_limit, 0),
                                           slot.spent_tokens::numeric / nullif(slot.token_limit, 0)), 6))
$$;

-- The decision in full: why, what is left, when it resets, what would fit instead.
CREATE OR REPLACE FUNCTION budget.ledger_decision_json(p_tenant uuid, item budget.ledger_item, slots budget.ledger_slot[],
    verdict budget.ledger_verdict) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
    slot budget.ledger_slot;
    mine budget.ledger_slot[];
    left_cost numeric;
    left_tokens bigint;
    policies json;
    price budget.price;
    fit bigint;
    refused boolean := verdict.decision IN ('block', 'approval_required');
    shape budget.shape;
BEGIN
    SELECT array_agg(s ORDER BY s.revision) INTO mine FROM unnest(slots) s
     WHERE s.is_active AND s.revision = ANY (item.revisions) AND s.scope = budget.scope_of(s.period, item.context_id, item.task_id);
    SELECT min(greatest(s.cost_limit + s.approved_cost - s.spent_cost - s.held_cost + s.expired_cost, 0))
               FILTER (WHERE s.type <> 'ignore' AND s.cost_limit IS NOT NULL),
           min(greatest(s.token_limit + s.approved_tokens - s.spent_tokens - s.held_tokens + s.expired_tokens, 0))
               FILTER (WHERE s.type <> 'ignore' AND s.token_limit IS NOT NULL),
           coalesce(json_agg(budget.ledger_policy_json(s, p.budget_id) ORDER BY s.revision), '[]')
      INTO left_cost, left_tokens, policies
      FROM unnest(mine) s JOIN budget.policy p ON p.tenant_id = p_tenant AND p.policy_id = s.policy_id;
    SELECT * INTO shape FROM budget.shape s WHERE s.tenant_id = p_tenant AND s.shape_id = item.shape_id;
    SELECT * INTO price FROM budget.price p WHERE p.pricing_id = item.pricing_id AND p.tenant_id IN (p_tenant, budget.catalogue_tenant());
    fit := least(left_tokens, CASE WHEN left_cost IS NOT NULL THEN budget.tokens_that_fit(price, left_cost) END);
    slot := slots[verdict.slot];
    RETURN json_build_object('allowed', NOT refused, 'decision', verdict.decision,
        'reason', budget.ledger_reason(slot, verdict, item),
        'estimated_cost', budget.decimal(item.estimated_cost), 'held_cost', budget.decimal(item.hold_cost),
        'estimated_tokens', item.hold_tokens, 'currency', (SELECT currency FROM budget.tenant WHERE tenant_id = p_tenant),
        'tier', shape.tier, 'provider', shape.provider, 'model', shape.model, 'priced', item.is_priced,
        'budget_id', item.budget_id, 'policy_id', slot.policy_id,
        'remaining_cost', budget.decimal(left_cost), 'remaining_tokens', left_tokens,
        'resets_at', CASE WHEN isfinite(slot.period_end) AND slot.period NOT IN ('lifetime', 'per_session', 'per_task') THEN budget.utc(slot.period_end) END,
        'max_tokens_that_fit', fit, 'policies', policies,
        'alternatives', CASE WHEN refused AND verdict.unit = 'cost' AND item.tokens_fit_model IS NOT NULL
            THEN coalesce(budget.alternatives(p_tenant, item.tokens_fit_provider, item.tokens_fit_model,
                 coalesce((item.usage).input_tokens, item.hold_tokens / 4), item.hold_tokens - coalesce((item.usage).input_tokens, item.hold_tokens / 4),
                 left_cost, 3), '[]') ELSE '[]' END);
END $$;

-- One sentence for people, and what to do next.
CREATE OR REPLACE FUNCTION budget.ledger_reason(slot budget.ledger_slot, verdict budget.ledger_verdict, item budget.ledger_item)
RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    used text;
BEGIN
    IF verdict.slot IS NULL THEN
        RETURN 'No policy counts this request.';
    END IF;
    used := CASE verdict.unit WHEN 'cost'
        THEN format('%s spent and %s held of %s', budget.decimal(slot.spent_cost), budget.decimal(slot.held_cost - slot.expired_cost), budget.decimal(slot.cost_limit))
        ELSE format('%s used and %s held of %s tokens', slot.spent_tokens, slot.held_tokens - slot.expired_tokens, slot.token_limit) END;
    RETURN CASE verdict.decision
        WHEN 'allow' THEN format('Within the %s limit: %s.', replace(slot.period, '_', ' '), used)
        WHEN 'warn' THEN format('Allowed, but near or over the %s limit: %s.', replace(slot.period, '_', ' '), used)
        WHEN 'approval_required' THEN format('The %s soft limit does not leave room for this request: %s, asked for %s. Ask for more with POST /api/v1/approvals {"policy_id":"%s"}, or wait for the reset.',
            replace(slot.period, '_', ' '), used, CASE verdict.unit WHEN 'cost' THEN budget.decimal(item.hold_cost)::text ELSE item.hold_tokens || ' tokens' END, slot.policy_id)
        ELSE format('%s %s limit exceeded: %s, asked for %s.', initcap(replace(slot.period, '_', ' ')), CASE verdict.unit WHEN 'cost' THEN 'cost' ELSE 'token' END, used,
            CASE verdict.unit WHEN 'cost' THEN budget.decimal(item.hold_cost)::text ELSE item.hold_tokens || ' tokens' END) END;
END $$;

-- POST /check without reserve: decisions for a group, nothing held, nothing committed.
CREATE OR REPLACE FUNCTION budget.ledger_check(p_tenant uuid, p_group json) RETURNS SETOF budget.ledger_result
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    found_items budget.ledger_item[];
    found_shapes budget.ledger_shape[];
BEGIN
    PERFORM budget.enter(p_tenant, '{}'), budget.epoch_lock(false);
    SELECT i.items, i.shapes INTO found_items, found_shapes FROM budget.ledger_items(p_tenant, p_group) i;
    RETURN QUERY SELECT i.n, d.status, i.error_code, d.pointer, d.detail, false, NULL::uuid, NULL::text
      FROM unnest(found_items) i LEFT JOIN unnest(found_shapes) s ON s.s = i.shape
     CROSS JOIN LATERAL budget.ledger_door(i.error_code, s.key_budget_id) d WHERE i.error_code IS NOT NULL;
    RETURN QUERY SELECT d.n, 200, NULL::text, NULL::text, NULL::text, false, NULL::uuid, d.body::text
      FROM budget.ledger_decide(p_tenant, ARRAY(SELECT i FROM unnest(found_items) i WHERE i.error_code IS NULL), clock_timestamp()) d;
END $$;
