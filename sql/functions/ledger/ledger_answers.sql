-- An allocation as the API shows it. A live hold past its expiry is shown as expired, swept or not.
CREATE OR REPLACE FUNCTION budget.hold_json(h budget.hold, s budget.shape) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'allocation_id', h.hold_id, 'budget_id', h.budget_id, 'kind', h.kind,
        'state', CASE WHEN h.state = 'live' AND h.expires_at <= clock_timestamp() THEN 'expired' ELSE h.state END,
        'is_active', h.state = 'live' AND h.expires_at > clock_timestamp(),
        'context_id', h.context_id, 'task_id', h.task_id, 'component', coalesce(s.component, 'unknown'), 'tier', s.tier, 'provider', s.provider,
        'model', s.model, 'task_type', coalesce(s.task_type, 'default'), 'priority', h.priority,
        'tokens_allocated', h.tokens, 'tokens_used', h.used_tokens, 'input_tokens_used', h.used_input_tokens,
        'output_tokens_used', h.used_output_tokens, 'remaining_tokens', h.left_tokens,
        'usage_percentage', round(h.used_tokens::numeric / nullif(h.tokens, 0), 6),
        'estimated_cost', budget.decimal(h.estimated_cost), 'held_cost', budget.decimal(h.cost), 'remaining_cost', budget.decimal(h.left_cost),
        'actual_cost', budget.decimal(h.actual_cost), 'currency', (SELECT t.currency FROM budget.tenant t WHERE t.tenant_id = h.tenant_id),
        'priced', h.is_priced, 'pricing_id', h.pricing_id, 'final', h.is_final,
        'overage_tokens', h.overage_tokens, 'overage_cost', budget.decimal(h.overage_cost),
        'creation_time', budget.utc(h.created_at), 'expiration_time', budget.utc(h.expires_at), 'expires_at', budget.utc(h.expires_at),
        'resolved_at', budget.utc(h.resolved_at), 'last_updated', budget.utc(coalesce(h.resolved_at, h.created_at)),
        'metadata', coalesce(h.metadata, '{}'))
$$;

-- More members behind those of a JSON object text.
CREATE OR REPLACE FUNCTION budget.json_with(object json, more json) RETURNS json LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (left(object::text, -1) || ', ' || substr(more::text, 2))::json
$$;

-- The group's answers: from the rows it wrote; a repeat reads the rows of the first time.
CREATE OR REPLACE FUNCTION budget.ledger_answers(p_tenant uuid, p_items budget.ledger_item[], p_outcomes budget.ledger_outcome[],
    p_records budget.usage_record[], p_holds budget.hold[]) RETURNS SETOF budget.ledger_result LANGUAGE plpgsql AS $$
DECLARE
    old_ids uuid[];
BEGIN
    SELECT array_agg(o.entity_id) INTO old_ids FROM unnest(p_outcomes) o WHERE o.is_replay;
    IF old_ids IS NOT NULL THEN
        p_records := p_records || ARRAY(SELECT r FROM budget.usage_record r WHERE r.tenant_id = p_tenant AND r.record_id = ANY (old_ids));
        p_holds := p_holds || ARRAY(SELECT h FROM budget.hold h WHERE h.tenant_id = p_tenant AND h.hold_id = ANY (old_ids));
    END IF;
    RETURN QUERY
    SELECT o.n, o.status, o.code, o.pointer, o.detail, false, NULL::uuid, o.extra FROM unnest(p_outcomes) o WHERE o.status >= 400;
    RETURN QUERY
    SELECT i.n, 201, NULL::text, NULL::text, NULL::text, o.is_replay, r.record_id, budget.usage_record_json(r)
      FROM unnest(p_records) r
      JOIN unnest(p_items) i ON i.verb = 'record'
      JOIN unnest(p_outcomes) o ON o.n = i.n AND coalesce(o.status, 200) < 400 AND r.record_id = coalesce(o.entity_id, i.id);
    RETURN QUERY
    SELECT i.n, CASE WHEN i.verb = 'reserve' AND i.kind = 'allocation' THEN 201 ELSE 200 END, NULL::text, NULL::text, NULL::text, o.is_replay, h.hold_id,
           CASE WHEN i.kind = 'check' THEN json_build_object('allocation_id', h.hold_id, 'expires_at', budget.utc(h.expires_at))
                WHEN i.verb = 'reserve' THEN budget.hold_json(h, s)
                ELSE budget.json_with(budget.hold_json(h, s), json_build_object('tokens_released', o.released_tokens,
                     'cost_released', budget.decimal(o.released_cost))) END
      FROM unnest(p_items) i JOIN unnest(p_outcomes) o ON o.n = i.n
     CROSS JOIN LATERAL (SELECT x.* FROM unnest(p_holds) x WHERE x.hold_id = coalesce(o.entity_id, i.id) LIMIT 1) h
      JOIN budget.shape s ON s.tenant_id = p_tenant AND s.shape_id = h.shape_id
     WHERE i.verb <> 'record' AND coalesce(o.status, 200) < 400;
END $$;
