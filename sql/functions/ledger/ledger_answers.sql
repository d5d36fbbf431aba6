-- An allocation as the API shows it. A live hold past its expiry is shown as expired, swept or not.
CREATE OR REPLACE FUNCTION budget.hold_json(h budget.hold, s budget.shape) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'allocation_id', h.hold_id, 'budget_id', h.budget_id, 'kind', h.kind,
        'state', CASE WHEN h.state = 'live' AND h.expires_at <= clock_timestamp() THEN 'expired' ELSE h.state END,
        'is_active', h.state = 'live' AND h.expires_at > clock_timestamp(),
        'context_id', h.context_id, 'task_id', h.task_id, 'component', coalesce(s.component, 'unknown'), 'tier',
            s.tier, 'provider', s.provider,
        'model', s.model, 'task_type', coalesce(s.task_type, 'default'), 'priority', h.priority,
        'tokens_allocated', h.tokens, 'tokens_used', h.used_tokens, 'input_tokens_used', h.used_input_tokens,
        'output_tokens_used', h.used_output_tokens, 'remaining_tokens', h.left_tokens,
        'usage_percentage', round(h.used_tokens::numeric / nullif(h.tokens, 0), 6),
        'estimated_cost', budget.decimal(h.estimated_cost), 'held_cost', budget.decimal(h.cost), 'remaining_cost',
            budget.decimal(h.left_cost),
        'actual_cost', budget.decimal(h.actual_cost), 'currency', (SELECT t.currency
            FROM budget.tenant t WHERE t.tenant_id = h.tenant_id),
        'priced', h.is_priced, 'pricing_id', h.pricing_id, 'final', h.is_final,
        'overage_tokens', h.overage_tokens, 'overage_cost', budget.decimal(h.overage_cost),
        'creation_time', budget.utc(h.created_at), 'expiration_time', budget.utc(h.expires_at), 'expires_at',
            budget.utc(h.expires_at),
        'resolved_at', budget.utc(h.resolved_at), 'last_updated', budget.utc(coalesce(h.resolved_at, h.created_at)),
        'metadata', coalesce(h.metadata, '{}'))
$$;

-- More members behind those of a JSON object text.
CREATE OR REPLACE FUNCTION budget.json_with(object json, more json) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (left(object::text, -1) || ', ' || substr(more::text, 2))::json
$$;

-- The group's answers. A new record's is only what was found out here: C adds the members that the request itself
-- said, and a test holds the two together against GET /usage/records/{id}. A repeat reads the row of the first time.
CREATE OR REPLACE FUNCTION budget.ledger_answers(p_tenant uuid, p_items budget.ledger_item[],
    p_shapes budget.ledger_shape[], p_flags budget.ledger_flags,
    p_outcomes budget.ledger_outcome[], p_records budget.usage_record[],
        p_holds budget.hold[]) RETURNS SETOF budget.ledger_result LANGUAGE plpgsql AS $$
DECLARE
    old_ids uuid[];
BEGIN
    IF p_flags.has_error OR p_flags.has_repeat OR p_flags.has_reserve OR p_flags.has_hold THEN
        RETURN QUERY
        SELECT o.n, o.status, o.code, o.pointer, o.detail, false, NULL::uuid, o.extra
            FROM unnest(p_outcomes) o WHERE o.status >= 400;
    END IF;
    IF p_flags.has_repeat THEN
        SELECT array_agg(o.entity_id) INTO old_ids FROM unnest(p_outcomes) o WHERE o.is_replay;
        RETURN QUERY
        SELECT o.n, 201, NULL::text, NULL::text, NULL::text, true, r.record_id, budget.usage_record_json(r)::text
          FROM budget.usage_record r JOIN unnest(p_outcomes) o ON o.is_replay AND o.entity_id = r.record_id
         WHERE r.tenant_id = p_tenant AND r.record_id = ANY (old_ids);
        p_holds := p_holds || ARRAY(SELECT h FROM budget.hold h WHERE h.tenant_id = p_tenant
            AND h.hold_id = ANY (old_ids));
    END IF;
    IF p_flags.has_record THEN
        RETURN QUERY
        SELECT i.n, 201, NULL::text, NULL::text, NULL::text, false, r.record_id, concat('{', s.fragment,
            ',"total_tokens":', r.total_tokens,
               ',"input_cost":', coalesce(trim_scale(r.input_cost)::text, 'null'), ',"output_cost":',
                   coalesce(trim_scale(r.output_cost)::text, 'null'),
               ',"total_cost":', coalesce(trim_scale(r.cost)::text, 'null'), ',"priced":', CASE
                   WHEN r.cost IS NULL THEN 'false' ELSE 'true' END,
               ',"ceiling_cost":', coalesce(trim_scale(r.ceiling_cost)::text, 'null'),
                   ',"correction_cost":0,"pricing_id":',
               coalesce('"' || r.pricing_id || '"', 'null'), ',"pricing_version":', CASE
                   WHEN r.pricing_id IS NULL THEN 'null' ELSE i.pricing_version::text END,
               ',"timestamp":"', budget.utc(r.occurred_at), '","charged_at":"', budget.utc(r.charged_at),
                   '","cause":"', r.cause, '","flags":',
               CASE WHEN r.flags IS NULL THEN '[]' ELSE to_json(r.flags)::text END, ',"allocation_id":',
                   coalesce('"' || r.hold_id || '"', 'null'),
               ',"allocation":', CASE WHEN h.hold_id IS NULL THEN 'null' ELSE concat('{"state":"', h.state,
                   '","remaining_tokens":', h.left_tokens,
                   ',"remaining_cost":', trim_scale(h.left_cost), '}') END, '}')
          FROM unnest(p_records) r
          JOIN unnest(p_items) i ON i.id = r.record_id AND i.verb = 'record'
          JOIN unnest(p_shapes) s ON s.s = i.shape
          LEFT JOIN unnest(p_holds) h ON h.hold_id = r.hold_id;
    END IF;
    IF p_flags.has_reserve OR p_flags.has_hold THEN
        RETURN QUERY
        SELECT i.n, CASE WHEN i.verb = 'reserve' AND i.kind = 'allocation' THEN 201 ELSE 200 END, NULL::text,
            NULL::text, NULL::text, o.is_replay, h.hold_id,
               (CASE WHEN i.kind = 'check' THEN json_build_object('allocation_id', h.hold_id, 'expires_at',
                   budget.utc(h.expires_at))
                     WHEN i.verb = 'reserve' THEN budget.hold_json(h, s)
                     ELSE budget.json_with(budget.hold_json(h, s), json_build_object('tokens_released',
                         o.released_tokens,
                          'cost_released', budget.decimal(o.released_cost))) END)::text
          FROM unnest(p_items) i JOIN unnest(p_outcomes) o ON o.n = i.n
         CROSS JOIN LATERAL (SELECT x.* FROM unnest(p_holds) x WHERE x.hold_id = coalesce(o.entity_id, i.id) LIMIT 1) h
          JOIN budget.shape s ON s.tenant_id = p_tenant AND s.shape_id = h.shape_id
         WHERE i.verb <> 'record' AND coalesce(o.status, 200) < 400;
    END IF;
END $$;
