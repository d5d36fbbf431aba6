-- A usage record as the API shows it, in lists and alone. Costs are as of now: what was recorded plus what corrections
-- added since; `priced` likewise. input_cost and output_cost stay as recorded.
CREATE OR REPLACE FUNCTION budget.usage_record_json(u budget.usage_record) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    s     record; -- its shape, and the tenant's currency
    held  json;   -- where its allocation stands
    later record; -- its corrections
    price_version integer;
BEGIN
    SELECT x.*, t.currency INTO s FROM budget.shape x JOIN budget.tenant t ON t.tenant_id = x.tenant_id
     WHERE x.tenant_id = u.tenant_id AND x.shape_id = u.shape_id;
    SELECT coalesce(sum(c.delta_cost), 0) AS cost, coalesce(sum(c.delta_ceiling), 0) AS ceiling,
           (array_agg(c.pricing_id ORDER BY c.created_at DESC, c.run_id DESC))[1] AS pricing_id INTO later
      FROM budget.correction c WHERE c.tenant_id = u.tenant_id AND c.record_id = u.record_id;
    u.pricing_id := coalesce(later.pricing_id, u.pricing_id);
    IF u.cost IS NOT NULL OR later.pricing_id IS NOT NULL THEN
        u.cost := coalesce(u.cost, 0) + later.cost;
        u.ceiling_cost := NULL;
    END IF;
    IF u.pricing_id IS NOT NULL THEN
        SELECT p.version INTO price_version FROM budget.price p
         WHERE p.tenant_id IN (u.tenant_id, budget.catalogue_tenant()) AND p.pricing_id = u.pricing_id;
    END IF;
    IF u.hold_id IS NOT NULL THEN
        SELECT json_build_object('state', x.state, 'remaining_tokens', x.left_tokens, 'remaining_cost', budget.decimal(x.left_cost))
          INTO held FROM budget.hold x WHERE x.tenant_id = u.tenant_id AND x.hold_id = u.hold_id;
    END IF;
    RETURN json_build_object(
        'record_id', u.record_id, 'allocation_id', u.hold_id, 'budget_id', s.budget_id, 'context_id', u.context_id,
        'task_id', u.task_id, 'component', s.component, 'provider', s.provider, 'model', s.model, 'tier', s.tier,
        'task_type', s.task_type, 'input_tokens', u.input_tokens, 'cache_read_tokens', u.cache_read_tokens,
        'cache_write_5m_tokens', u.cache_write_5m_tokens, 'cache_write_1h_tokens', u.cache_write_1h_tokens,
        'output_tokens', u.output_tokens, 'reasoning_tokens', u.reasoning_tokens, 'input_audio_tokens', u.input_audio_tokens,
        'output_audio_tokens', u.output_audio_tokens, 'input_image_tokens', u.input_image_tokens,
        'output_image_tokens', u.output_image_tokens, 'total_tokens', u.total_tokens, 'requests', u.requests,
        'characters', u.characters,
        'output_characters', u.output_characters, 'web_searches', u.web_searches, 'images', u.images, 'seconds', budget.decimal(u.seconds),
        'input_cost', budget.decimal(u.input_cost), 'output_cost', budget.decimal(u.output_cost),
        'total_cost', budget.decimal(u.cost), 'currency', s.currency,
        'priced', u.cost IS NOT NULL, 'ceiling_cost', budget.decimal(u.ceiling_cost + later.ceiling),
        'correction_cost', budget.decimal(later.cost), 'reported_cost', budget.decimal(u.reported_cost),
        'pricing_id', u.pricing_id, 'pricing_version', price_version,
        'timestamp', budget.utc(u.occurred_at), 'charged_at', budget.utc(u.charged_at), 'cause', u.cause,
        'flags', coalesce(u.flags, '{}'), 'operation_id', u.operation_id, 'request_id', u.request_id, 'user_id', u.user_id,
        'metadata', coalesce(u.metadata, '{}'), 'allocation', held);
END $$;
