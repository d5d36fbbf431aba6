-- An allocation as the API shows it. A live hold past its expiry is shown as expired, swept or not.
-- fragment: the members that its shape decides (hold_fragment). Text put together by hand: on the ledger's path, where
-- json_build_object() takes five times as long.
CREATE OR REPLACE FUNCTION budget.hold_text(h budget.hold, fragment text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    expires text := budget.utc(h.expires_at);
    is_over boolean := h.state = 'live' AND h.expires_at <= clock_timestamp();
BEGIN
    RETURN concat('{"allocation_id":"', h.hold_id, '","budget_id":"', h.budget_id, '","kind":"', h.kind,
        '","state":"', CASE WHEN is_over THEN 'expired' ELSE h.state END,
        '","is_active":', CASE WHEN is_over OR h.state <> 'live' THEN 'false' ELSE 'true' END,
        ',"context_id":', coalesce(to_json(h.context_id)::text, 'null'),
        ',"task_id":', coalesce(to_json(h.task_id)::text, 'null'), ',', fragment, ',"priority":', h.priority,
        ',"tokens_allocated":', h.tokens, ',"tokens_used":', h.used_tokens,
        ',"input_tokens_used":', h.used_input_tokens, ',"output_tokens_used":', h.used_output_tokens,
        ',"remaining_tokens":', h.left_tokens, ',"usage_percentage":', CASE WHEN h.tokens = 0 THEN 'null'
            WHEN h.used_tokens = 0 THEN '0.000000' ELSE round(h.used_tokens::numeric / h.tokens, 6)::text END,
        ',"estimated_cost":', coalesce(trim_scale(h.estimated_cost)::text, 'null'),
        ',"held_cost":', trim_scale(h.cost), ',"remaining_cost":', trim_scale(h.left_cost),
        ',"actual_cost":', trim_scale(h.actual_cost), ',"priced":', CASE WHEN h.is_priced THEN 'true' ELSE 'false' END,
        ',"pricing_id":', coalesce('"' || h.pricing_id || '"', 'null'),
        ',"final":', CASE WHEN h.is_final THEN 'true' ELSE 'false' END,
        ',"overage_tokens":', h.overage_tokens, ',"overage_cost":', trim_scale(h.overage_cost),
        ',"creation_time":"', budget.utc(h.created_at), '","expiration_time":"', expires, '","expires_at":"', expires,
        '","resolved_at":', coalesce('"' || budget.utc(h.resolved_at) || '"', 'null'),
        ',"last_updated":"', budget.utc(coalesce(h.resolved_at, h.created_at)), '","metadata":',
        coalesce(h.metadata::text, '{}'), '}');
END $$;

-- What the shape of an allocation decides, as JSON members.
CREATE OR REPLACE FUNCTION budget.hold_fragment(component text, tier text, provider text, model text, task_type text,
    currency text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN concat('"component":', to_json(coalesce(component, 'unknown')),
        ',"tier":', coalesce(to_json(tier)::text, 'null'), ',"provider":', coalesce(to_json(provider)::text, 'null'),
        ',"model":', coalesce(to_json(model)::text, 'null'), ',"task_type":', to_json(coalesce(task_type, 'default')),
        ',"currency":"', currency, '"');
END $$;

-- The same for a hold and the row of its shape.
CREATE OR REPLACE FUNCTION budget.hold_text(h budget.hold, s budget.shape) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN budget.hold_text(h, budget.hold_fragment(s.component, s.tier, s.provider, s.model, s.task_type,
        (SELECT t.currency FROM budget.tenant t WHERE t.tenant_id = h.tenant_id)));
END $$;

CREATE OR REPLACE FUNCTION budget.hold_json(h budget.hold, s budget.shape) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN budget.hold_text(h, s)::json;
END $$;
